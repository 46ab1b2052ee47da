import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest'
import { SEARCH_DRIFT_SCHEDULE_ID } from '../../../src/contracts/search-drift.ts'
import { SEARCH_REINDEX_ID, type ReindexProgress } from '../../../src/contracts/search-reindex.ts'
import { createIndexBuilds } from '../../../src/infra/opensearch/builds.ts'
import { openSearchClient } from '../../../src/infra/opensearch/client.ts'
import { storedDocuments } from '../../../src/infra/opensearch/documents.ts'
import { createPhotoIndex, writerOf } from '../../../src/infra/opensearch/photo-index.ts'
import { ensureSearchIndex } from '../../../src/infra/opensearch/setup.ts'
import { photosAlias } from '../../../src/infra/opensearch/versions.ts'
import { incomingKey } from '../../../src/services/photos/object-keys.ts'
import { assertIndexServes } from '../../../src/services/operations/search-index.ts'
import { createIndexCare } from '../../../src/services/search/index-care.ts'
import { mediaWorker } from '../../../src/workers/media.ts'
import { orchestrationWorker } from '../../../src/workers/orchestration.ts'
import { buildPhoto } from '../../support/factories/photos.ts'
import {
  eventually,
  openUploadWorld,
  somePhoto,
  type UploadWorld,
} from '../../support/worlds/upload-world.ts'

const client = openSearchClient(process.env.OPENSEARCH_URL!)
let prefix: string
let world: UploadWorld

beforeAll(async () => {
  prefix = `lost-${randomBytes(4).toString('hex')}`
  world = await openUploadWorld({ OPENSEARCH_INDEX_PREFIX: prefix })
})
beforeEach(() => ensureSearchIndex(client, prefix))
afterEach(() => client.indices.delete({ index: `${photosAlias(prefix)}-v*` }))
afterAll(async () => {
  await world?.close()
  await client.indices.deleteIndexTemplate({ name: photosAlias(prefix) })
  await client.close()
})

const serves = () => assertIndexServes({ openSearch: client, indexPrefix: prefix, primary: world.db.primary })
const documents = () => storedDocuments(client, photosAlias(prefix))
const careOf = () =>
  createIndexCare(
    {
      primary: world.db.primary,
      index: createPhotoIndex(client, prefix),
      builds: createIndexBuilds(client, prefix, 0),
      only: (name) => writerOf(client, name),
      documentsOf: (name) => storedDocuments(client, name),
    },
    0,
  )
const { signal } = new AbortController()

describe('an index that is lost while uploads go on', () => {
  it('is noticed, and built anew with all of them', async () => {
    for (const definition of [orchestrationWorker, mediaWorker]) await world.start(definition)
    const owner = await world.owner()
    const upload = async () => {
      const body = await somePhoto(400, 300)
      const opened = await world.openUpload(owner, { bytes: body.length })
      await world.outbox.dispatch([opened.outboxId])
      await world.objects.put(incomingKey(opened.photoId), body, 'image/jpeg')
      await world.announce(opened)
      await eventually(async () => (await world.photo(opened.photoId)).status === 'ready')
      return opened
    }
    const before = await upload()
    await eventually(async () => (await documents().of([before.photoId])).length === 1)
    await serves()

    await client.indices.delete({ index: `${photosAlias(prefix)}-v*` })
    await expect(serves()).rejects.toMatchObject({ code: 'unavailable' })
    const during = await upload()
    await world.edit(before, { caption: 'Edited #meanwhile' })
    await expect(serves()).rejects.toMatchObject({ code: 'unavailable' })

    await world.temporal.schedule.getHandle(SEARCH_DRIFT_SCHEDULE_ID).trigger()
    const reindex = world.temporal.workflow.getHandle<() => Promise<ReindexProgress>>(SEARCH_REINDEX_ID)
    await eventually(async () =>
      reindex.describe().then(
        ({ status }) => status.name === 'COMPLETED',
        () => false,
      ),
    )
    expect(await reindex.result()).toMatchObject({ state: 'done', photos: 2 })
    await serves()
    await eventually(async () => {
      const found = await documents().of([before.photoId, during.photoId])
      return found.length === 2 && found.some(({ tags }) => tags.includes('meanwhile'))
    })
    const builds = createIndexBuilds(client, prefix)
    expect(await builds.find()).toEqual({ current: (await reindex.result()).index })
  })
})

describe('looking after the index', () => {
  it('tells an emptied one from one that never had documents', async () => {
    const care = careOf()
    const published = new Date(Date.now() - 120_000).getTime()
    await buildPhoto(world.db, await world.owner(), { status: 'ready', publishedAt: published })
    await expect(serves()).rejects.toThrow('the search index is empty')
    expect(await care.inspect()).toMatchObject({ state: 'emptied', documents: 0 })
  })

  it('repairs drift, and says what it was', async () => {
    const care = careOf()
    const owner = await world.owner()
    await buildPhoto(world.db, owner, { status: 'ready' })
    await care.compare(null, signal)
    const { photoId } = await buildPhoto(world.db, owner, { status: 'ready' })
    const { tally } = await care.compare(null, signal)
    expect(tally).toMatchObject({
      missing: 1,
      extra: 0,
      stale: 0,
      different: 0,
      repaired: 1,
      examples: [photoId],
    })
    const [document] = await documents().of([photoId])
    await createPhotoIndex(client, prefix).write([{ put: { ...document!, version: 9 } }])
    await client.indices.refresh({ index: photosAlias(prefix) })
    expect((await care.compare(null, signal)).tally).toMatchObject({ ahead: 1, repaired: 0 })
  })

  it('compares nothing with an index that is lost meanwhile', async () => {
    await client.indices.delete({ index: `${photosAlias(prefix)}-v*` })
    const { photoId } = await buildPhoto(world.db, await world.owner(), { status: 'ready' })
    expect(await careOf().compare(photoId, signal)).toMatchObject({ after: photoId, tally: { compared: 0 } })
    expect(await careOf().inspect()).toMatchObject({ state: 'lost', documents: 0 })
  })

  it('keeps the index before a reindex for a day', async () => {
    const builds = createIndexBuilds(client, prefix, 0)
    await builds.swap(await builds.begin('a'))
    await builds.discardOlder(60_000)
    expect((await builds.find()).previous).toBeDefined()
    await builds.discardOlder(0)
    expect((await builds.find()).previous).toBeUndefined()
  })
})
