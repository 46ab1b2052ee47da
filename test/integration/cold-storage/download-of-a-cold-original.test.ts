import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { storageOf } from '../../../src/infra/s3/storage-of.ts'
import { originalRestoreWorkflowId } from '../../../src/contracts/original-restore.ts'
import { photoSyncWorkflowId } from '../../../src/contracts/photo-sync.ts'
import { photoUploadWorkflowId } from '../../../src/contracts/photo-upload.ts'
import { openArchive, type Archive } from '../../../src/infra/s3/archive.ts'
import { coldKey } from '../../../src/services/blobs/blob-keys.ts'
import { originalOf } from '../../../src/services/blobs/read-original.ts'
import { createCoolOriginals } from '../../../src/services/cold-storage/cool-originals.ts'
import { createRestoreRequests } from '../../../src/services/cold-storage/request-restore.ts'
import { incomingKey } from '../../../src/services/photos/object-keys.ts'
import type { WorkerDefinition } from '../../../src/workers/run-worker.ts'
import { openGlacierProxy, type GlacierProxy } from '../../support/servers/glacier-proxy.ts'
import {
  allWorkers,
  eventually,
  openUploadWorld,
  somePhoto,
  type OpenUpload,
  type UploadWorld,
} from '../../support/worlds/upload-world.ts'

let world: UploadWorld
let proxy: GlacierProxy
let archive: Archive

/** With an archive that is a class that has to be restored; waiting for it takes no time here. */
const inGlacier = (definition: WorkerDefinition): WorkerDefinition => ({
  ...definition,
  compose: (clients) =>
    definition.compose(Object.create(clients, { archive: { value: { ...archive, restoreMs: 0 } } })),
})

beforeAll(async () => {
  world = await openUploadWorld()
  const { config } = world
  proxy = await openGlacierProxy(config.S3_ENDPOINT)
  archive = openArchive({
    ...storageOf(config),
    endpoint: proxy.url,
    publicEndpoint: proxy.url,
    bucket: config.S3_COLD_BUCKET!,
    storageClass: 'GLACIER',
    restoreTier: 'Standard',
    restoredDays: 7,
  })
  for (const definition of allWorkers) await world.start(inGlacier(definition))
})
afterAll(async () => {
  await world?.close()
  archive?.close()
  await proxy?.close()
})

async function publishAndCool(): Promise<OpenUpload> {
  const { db, objects } = world
  const body = await somePhoto(120, 90)
  const upload = await world.openUpload(await world.owner(), { bytes: body.length })
  await world.outbox.dispatch([upload.outboxId])
  await objects.put(incomingKey(upload.photoId), body, 'image/jpeg')
  await world.announce(upload)
  await world.temporal.workflow.getHandle(photoUploadWorkflowId(upload.photoId)).result()
  const prices = { hot: 0.023, cold: 0.003 }
  const { tally } = await createCoolOriginals({ db, objects, archive, prices })(
    { before: new Date(Date.now() + 60_000).toISOString() },
    { maxMs: 60_000, onReached: () => undefined, signal: new AbortController().signal },
  )
  expect(tally).toMatchObject({ moved: 1, failed: 0 })
  expect(await originalOf(db.primary, upload.photoId)).toMatchObject({ isCold: true })
  return upload
}

const synced = ({ photoId }: OpenUpload) =>
  world.temporal.workflow.getHandle(photoSyncWorkflowId(photoId)).result()
const downloads = async ({ photoId }: OpenUpload) =>
  (await world.variants(photoId)).filter(({ variant }) => variant === 'download').map(({ format }) => format)

async function restore({ photoId, ownerId }: OpenUpload): Promise<void> {
  await archive.restore(coldKey(photoId))
  proxy.finishRestores()
  await createRestoreRequests({ db: world.db, outbox: world.outbox }).request(photoId, ownerId)
  const workflow = world.temporal.workflow.getHandle(originalRestoreWorkflowId(photoId))
  expect(await workflow.result()).toMatchObject({ state: 'restored' })
}

describe('a download that is allowed while its original is cold', () => {
  it('waits for the restore without a step that is retried', async () => {
    const upload = await publishAndCool()
    await world.edit(upload, { allowDownload: true })
    // It ends, so that nothing of it is pending.
    expect(await synced(upload)).toMatchObject({ state: 'done' })
    expect(await downloads(upload)).toEqual([])
    await restore(upload)
    expect(await eventually(async () => (await downloads(upload))[0])).toBe('jpeg')
  })

  it('stays away if its owner ends downloads before the restore', async () => {
    const upload = await publishAndCool()
    await world.edit(upload, { allowDownload: true })
    await synced(upload)
    await world.edit(upload, { allowDownload: false })
    await synced(upload)
    await restore(upload)
    const owed = await world.db.primary({
      text: `SELECT FROM outbox WHERE kind = 'photoChanged' AND payload ->> 'photoId' = $1`,
      values: [upload.photoId],
    })
    expect([owed, await downloads(upload)]).toEqual([[], []])
  })
})
