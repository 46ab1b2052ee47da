import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  LIBRARY_REENCODE,
  NOTHING_REENCODED,
  REENCODE_PROGRESS,
  type LibraryReencodeInput,
  type ReencodeProgress,
  type ReencodeSelection,
  type ReencodeSliceResult,
} from '../../../src/contracts/library-reencode.ts'
import { WHOLE_LIBRARY } from '../../../src/domain/library-share.ts'
import { TASK_QUEUES } from '../../../src/contracts/task-queues.ts'
import { recipeOf, variantSpec, variantSpecsOf } from '../../../src/domain/variants.ts'
import { createCdn, type Cdn } from '../../../src/infra/cdn/cdn.ts'
import { createEdge } from '../../../src/infra/cdn/edge.ts'
import { hashDistance } from '../../../src/infra/image/perceptual-hash.ts'
import { openImageProcessor, type ImageProcessor } from '../../../src/infra/image/processor.ts'
import type { ObjectStore } from '../../../src/infra/s3/object-store.ts'
import { originalKey } from '../../../src/services/blobs/blob-keys.ts'
import { readDuplicates } from '../../../src/services/photos/duplicates.ts'
import { incomingKey, variantsPrefix } from '../../../src/services/photos/object-keys.ts'
import { createPhotoObjects } from '../../../src/services/retraction/objects.ts'
import { planPhoto } from '../../../src/services/retraction/plan.ts'
import { createUploads } from '../../../src/services/uploads/claim-and-publish.ts'
import { createLibraryReencoder } from '../../../src/services/uploads/reencode-library.ts'
import { createVariants } from '../../../src/services/uploads/render-variants.ts'
import { createOriginals } from '../../../src/services/uploads/validate-original.ts'
import { mediaWorker } from '../../../src/workers/media.ts'
import { orchestrationWorker } from '../../../src/workers/orchestration.ts'
import { deletePhoto, editPhoto } from '../../support/factories/photos.ts'
import { blots } from '../../support/factories/pictures.ts'
import { pageFor } from '../../support/list-read.ts'
import { eventually, openUploadWorld, silent, type UploadWorld } from '../../support/worlds/upload-world.ts'

const MAX_PIXELS = 50_000_000
/** Smaller than a medium, so that a photo has three sizes. */
const SIZE = { width: 600, height: 400 }
const ALL = variantSpecsOf(SIZE)

let world: UploadWorld
let images: ImageProcessor
let cdn: Cdn

beforeAll(async () => {
  world = await openUploadWorld()
  images = openImageProcessor({ children: 1, sandbox: 'auto', logger: silent })
  const { edges, CDN_PURGE_TOKEN: purgeToken } = world.config
  cdn = createCdn(edges.map((edge) => createEdge({ ...edge, purgeToken, fetchTimeoutMs: 5_000 })))
})
afterAll(async () => {
  await images?.close()
  await world?.close()
})

const deps = (changed: Partial<{ objects: ObjectStore; cdn: Cdn }> = {}) => ({
  db: world.db,
  objects: world.objects,
  images,
  cdn,
  maxPixels: MAX_PIXELS,
  ...changed,
})

/** A published photo with its variants, by the steps of its upload. */
async function published(given?: Buffer, owner?: Awaited<ReturnType<UploadWorld['owner']>>): Promise<string> {
  const body = given ?? (await blots(SIZE.width, SIZE.height))
  const { photoId } = await world.openUpload(owner ?? (await world.owner()), { bytes: body.length })
  const { db, objects, config } = world
  await objects.put(incomingKey(photoId), body, 'image/jpeg')
  const uploads = createUploads({ db, objects, fanoutShardThreshold: 100_000 })
  await uploads.claim(photoId)
  const limits = { maxBytes: config.MAX_UPLOAD_BYTES, maxPixels: MAX_PIXELS }
  await createOriginals({ db, objects, images, ...limits }).validate(photoId)
  await uploads.publish(photoId)
  const variants = createVariants(deps())
  await variants.renderAll(photoId)
  await variants.renderDeferred(photoId)
  return photoId
}

/** As a release before v0.3 left it. */
const outdate = (photoId: string, where = 'true') =>
  world.db.primary({
    text: `UPDATE photo_variants SET recipe = NULL, bytes = 1000000
      WHERE photo_id = $1 AND variant <> 'original' AND ${where}`,
    values: [photoId],
  })
const forget = (photoId: string, where: string) =>
  world.db.primary({
    text: `DELETE FROM photo_variants WHERE photo_id = $1 AND variant <> 'original' AND ${where}`,
    values: [photoId],
  })

/** As a release before v0.3 left it. */
const unhash = (photoId: string) =>
  world.db.primary({
    text: `UPDATE photos SET perceptual_hash = NULL,
        likeness = ('x' || encode(substring(sha256 FOR 8), 'hex'))::bit(64)::bigint WHERE photo_id = $1`,
    values: [photoId],
  })

interface StoredRow {
  name: string
  object_key: string
  bytes: number
  recipe: string | null
}
const rowsOf = (photoId: string) =>
  world.db.primary<StoredRow>({
    text: `SELECT variant || '.' || format AS name, object_key, bytes::int, recipe FROM photo_variants
      WHERE photo_id = $1 AND variant <> 'original' ORDER BY 1`,
    values: [photoId],
  })

/** Whether all variants are there, made as the table says, and nothing else is stored. */
async function expectWhole(photoId: string): Promise<void> {
  const rows = await rowsOf(photoId)
  expect(Object.fromEntries(rows.map(({ name, recipe }) => [name, recipe]))).toEqual(
    Object.fromEntries(ALL.map((spec) => [`${spec.variant}.${spec.format}`, recipeOf(spec)])),
  )
  const stored: Record<string, number> = {}
  for await (const { key } of world.objects.list(variantsPrefix(photoId)))
    stored[key] = (await world.objects.head(key))!.bytes
  expect(stored).toEqual(Object.fromEntries(rows.map(({ object_key: key, bytes }) => [key, bytes])))
}

const before = (photoId: string) => {
  const last = (BigInt(`0x${photoId.replaceAll('-', '')}`) - 1n).toString(16).padStart(32, '0')
  return last.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Re-encodes from the photo on, as an activity does. */
function reencode(
  photoId: string,
  selection: Partial<ReencodeSelection> = {},
  changed: Parameters<typeof deps>[0] = {},
  onReached: (reached: ReencodeSliceResult) => void = () => undefined,
): Promise<ReencodeSliceResult> {
  return createLibraryReencoder(deps(changed)).slice(
    {
      selection: { purge: true, ...selection },
      share: { from: 0, below: WHOLE_LIBRARY },
      after: before(photoId),
      maxPhotos: 100,
    },
    { maxMs: 60_000, onReached, signal: new AbortController().signal },
  )
}

describe('a re-encode', () => {
  it('makes what is missing or of former settings, and nothing else', async () => {
    const photoId = await published()
    await expectWhole(photoId)
    await outdate(photoId, `format = 'jpeg'`)
    await forget(photoId, `variant = 'thumb_400' AND format = 'avif'`)
    const { tally, after, isAtEnd } = await reencode(photoId)
    expect({ after, isAtEnd }).toEqual({ after: photoId, isAtEnd: true })
    expect(tally).toMatchObject({ seen: 1, rendered: 1, failed: 0, postponed: 0, unpurged: 0 })
    expect(Object.keys(tally.variants).sort()).toEqual([
      'medium_800.jpeg',
      'thumb_200.jpeg',
      'thumb_400.avif',
      'thumb_400.jpeg',
    ])
    const [{ bytes }] = (await rowsOf(photoId)).filter(({ name }) => name === 'medium_800.jpeg') as [
      StoredRow,
    ]
    expect(tally.variants['medium_800.jpeg']).toEqual({
      added: 0,
      addedBytes: 0,
      replaced: 1,
      bytesBefore: 1_000_000,
      bytesAfter: bytes,
    })
    expect(tally.variants['thumb_400.avif']).toMatchObject({ added: 1, replaced: 0 })
    await expectWhole(photoId)
    expect((await reencode(photoId)).tally).toEqual({ ...NOTHING_REENCODED, seen: 1 })
  })

  it('makes copies for downloads that were allowed before there were any', async () => {
    const photoId = await published()
    await world.db.primary({
      text: 'UPDATE photos SET allow_download = true WHERE photo_id = $1',
      values: [photoId],
    })
    const { tally } = await reencode(photoId)
    expect(tally.variants).toMatchObject({ 'download.jpeg': { added: 1, replaced: 0 } })
    expect(Object.keys(tally.variants)).toEqual(['download.jpeg'])
    expect((await reencode(photoId)).tally).toEqual({ ...NOTHING_REENCODED, seen: 1 })
    await outdate(photoId, `variant = 'download'`)
    const again = await reencode(photoId, { sizes: ['download'] })
    expect(again.tally.variants).toMatchObject({ 'download.jpeg': { added: 0, replaced: 1 } })
  })

  it('gives photos of before there were hashes theirs, and others nothing', async () => {
    const photoId = await published()
    const likenessOf = async () => {
      const [row] = await world.db.primary<{ hash: string | null; likeness: string }>({
        text: 'SELECT perceptual_hash AS hash, likeness FROM photos WHERE photo_id = $1',
        values: [photoId],
      })
      return row!
    }
    const before = await likenessOf()
    expect(before.hash).not.toBeNull()
    await unhash(photoId)
    const { tally } = await reencode(photoId, { sizes: ['medium_800'], purge: false })
    expect(tally).toEqual({ ...NOTHING_REENCODED, seen: 1, hashed: 1 })
    const { hash, likeness } = await likenessOf()
    expect(likeness).toBe(hash)
    // A thumbnail's differs in few bits.
    expect(hashDistance(BigInt(hash!), BigInt(before.hash!))).toBeLessThanOrEqual(2)
    expect((await reencode(photoId)).tally).toEqual({ ...NOTHING_REENCODED, seen: 1 })
  })

  it('has copies of before there were hashes found as duplicates', async () => {
    const owner = await world.owner()
    const original = await blots(SIZE.width, SIZE.height)
    const copy = await sharp(original).resize(300).jpeg({ quality: 60 }).toBuffer()
    const photoIds = [await published(original, owner), await published(copy, owner)]
    for (const photoId of photoIds) await unhash(photoId)
    const duplicates = async () => {
      const page = pageFor(
        world.db,
        { kind: 'user' as const, userId: owner },
        { limit: 10, readYourWrites: true },
      )
      return (await readDuplicates(page, { exact: false })).items
    }
    expect(await duplicates()).toEqual([])
    expect((await reencode(photoIds[0]!)).tally).toMatchObject({ seen: 2, hashed: 2, rendered: 0 })
    const [group, ...others] = await duplicates()
    expect(group!.photos.map(({ photo }) => photo.photoId)).toEqual(photoIds)
    expect(others).toEqual([])
  })

  it('gives no hash to a picture without features, or without a thumbnail', async () => {
    const flat = await sharp({ create: { ...SIZE, channels: 3, background: 'teal' } })
      .jpeg()
      .toBuffer()
    const photoId = await published(flat)
    expect((await reencode(photoId)).tally).toEqual({ ...NOTHING_REENCODED, seen: 1, featureless: 1 })
    await forget(photoId, `variant = 'thumb_200'`)
    const { tally } = await reencode(photoId, { sizes: ['medium_800'], purge: false })
    expect(tally).toEqual({ ...NOTHING_REENCODED, seen: 1 })
  })

  it('makes only what is selected, and all of that if forced', async () => {
    const photoId = await published()
    await outdate(photoId)
    const selection = { sizes: ['thumb_200'], formats: ['webp'] }
    for (const force of [false, true])
      expect(Object.keys((await reencode(photoId, { ...selection, force })).tally.variants)).toEqual([
        'thumb_200.webp',
      ])
    expect((await reencode(photoId, selection)).tally.rendered).toBe(0)
  })

  it('has the edges drop the former bytes, and passes over one that is away', async () => {
    const photoId = await published()
    await outdate(photoId, `format = 'webp'`)
    const purged: string[] = []
    const edges = ['http://near.example', 'http://away.example']
    const withEdges: Cdn = {
      ...cdn,
      edges,
      purge: async (edge, paths) => {
        if (edge === edges[1]) throw new Error('it is away')
        purged.push(...paths)
        return [...paths]
      },
    }
    const { tally } = await reencode(photoId, {}, { cdn: withEdges })
    const replaced = (await rowsOf(photoId)).filter(({ name }) => name.endsWith('.webp'))
    expect(purged.sort()).toEqual(replaced.map(({ object_key: key }) => `/${key}`).sort())
    expect(tally.unpurged).toBe(replaced.length)
    await outdate(photoId)
    expect((await reencode(photoId, { purge: false }, { cdn: withEdges })).tally.unpurged).toBe(0)
    expect(purged).toHaveLength(replaced.length)
  })

  it('counts photos whose original is gone, and goes on with the next', async () => {
    const [lost, next] = [await published(), await published()]
    await outdate(lost)
    await outdate(next)
    await world.objects.delete([originalKey(lost)])
    const { tally } = await reencode(lost)
    expect(tally).toMatchObject({
      seen: 2,
      rendered: 1,
      failed: 1,
      failures: [{ photoId: lost, code: 'original_missing' }],
    })
    await expectWhole(next)
  })

  it('continues after the last photo when it dies midway, and loses no object', async () => {
    const photos = [await published(), await published()]
    for (const photoId of photos) await outdate(photoId)
    let puts = 0
    const dying: ObjectStore = {
      ...world.objects,
      async put(...args) {
        if (++puts > ALL.length + 3) throw new Error('killed')
        await world.objects.put(...args)
      },
    }
    let reached: ReencodeSliceResult | undefined
    const first = reencode(photos[0]!, {}, { objects: dying }, (each) => {
      reached = each
    })
    await expect(first).rejects.toThrow('killed')
    expect(reached).toMatchObject({ after: photos[0], tally: { rendered: 1 } })
    for (const { object_key: key } of await rowsOf(photos[1]!))
      expect(await world.objects.head(key)).toBeDefined()
    const { tally } = await reencode(photos[1]!)
    expect(tally.rendered).toBe(1)
    // What was stored before the end is not made twice.
    expect(Object.keys(tally.variants)).toHaveLength(ALL.length - 3)
    for (const photoId of photos) await expectWhole(photoId)
  })
})

describe('a narrowing or deletion during a re-encode', () => {
  /** The storage, except that something happens before or after the first variant is put. */
  function around(happens: { before?: () => Promise<unknown>; after?: () => Promise<unknown> }): ObjectStore {
    let hasHappened = false
    return {
      ...world.objects,
      async put(...args) {
        const isFirst = !hasHappened
        hasHappened = true
        if (isFirst) await happens.before?.()
        await world.objects.put(...args)
        if (isFirst) await happens.after?.()
      },
    }
  }
  const narrow = (photoId: string) => editPhoto(world.db, photoId, { visibility: 'private' })
  async function moveAll(photoId: string) {
    const { stale } = await planPhoto(world.db.primary, photoId)
    const photoObjects = createPhotoObjects(world)
    for (const each of stale) await photoObjects.move(photoId, each)
  }

  it.each([
    ['moves everything before the new bytes are stored', 'before', true],
    ['moves everything after the new bytes are stored', 'after', true],
    ['has not moved anything yet', 'after', false],
  ] as const)('that %s leaves each variant at one key of the new epoch', async (_, when, moves) => {
    const photoId = await published()
    await outdate(photoId)
    const objects = around({
      [when]: async () => {
        await narrow(photoId)
        if (moves) await moveAll(photoId)
      },
    })
    const { tally } = await reencode(photoId, {}, { objects })
    // Moved in time or not, on a busy machine; of what does not move at all it gives up.
    if (!moves) expect(tally.postponed).toBe(1)
    await moveAll(photoId)
    expect((await rowsOf(photoId)).map(({ object_key: key }) => key.split('/')[2])).toEqual(
      ALL.map(() => '2'),
    )
    // A later re-encode makes up for what gave way.
    expect((await reencode(photoId)).tally.failed).toBe(0)
    await expectWhole(photoId)
  })

  it('that deletes the photo leaves nothing', async () => {
    const photoId = await published()
    await outdate(photoId)
    const objects = around({
      after: async () => {
        await deletePhoto(world.db, photoId)
        await createPhotoObjects(world).deleteAll(photoId)
      },
    })
    expect((await reencode(photoId, {}, { objects })).tally).toMatchObject({ rendered: 0, failed: 0 })
    const keys: string[] = []
    for await (const { key } of world.objects.list(variantsPrefix(photoId))) keys.push(key)
    expect(keys).toEqual([])
  })
})

describe('the workflow', () => {
  it('re-encodes photos on real workers', async () => {
    const photoId = await published()
    await outdate(photoId, `format = 'jpeg'`)
    await world.start(orchestrationWorker)
    await world.start(mediaWorker)
    const input: LibraryReencodeInput = {
      selection: { purge: true, formats: ['jpeg'] },
      canary: WHOLE_LIBRARY,
      photosPerMinute: 100_000,
    }
    const handle = await world.temporal.workflow.start(LIBRARY_REENCODE, {
      workflowId: `library-reencode/${photoId}`,
      taskQueue: TASK_QUEUES.orchestration,
      args: [input],
    })
    await eventually(
      async () => (await handle.query<ReencodeProgress>(REENCODE_PROGRESS)).state === 'approval',
      60_000,
    )
    const { tally } = await handle.query<ReencodeProgress>(REENCODE_PROGRESS)
    expect(tally.variants['thumb_200.jpeg']!.replaced).toBeGreaterThan(0)
    await expectWhole(photoId)
    await handle.cancel()
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
    const spec = variantSpec('thumb_200', 'jpeg')
    const [row] = (await rowsOf(photoId)).filter(({ name }) => name === 'thumb_200.jpeg')
    expect(row!.recipe).toBe(recipeOf(spec))
  })
})
