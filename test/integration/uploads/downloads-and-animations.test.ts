import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { photoSyncWorkflowId } from '../../../src/contracts/photo-sync.ts'
import { WHOLE_LIBRARY } from '../../../src/domain/library-share.ts'
import { photoUploadWorkflowId } from '../../../src/contracts/photo-upload.ts'
import { createPeoplePresenter } from '../../../src/api/routes/accounts/presenter.ts'
import { createPhotoPresenter } from '../../../src/api/routes/photos/presenter.ts'
import { ANONYMOUS } from '../../../src/domain/viewer.ts'
import { createCdn } from '../../../src/infra/cdn/cdn.ts'
import { createEdge } from '../../../src/infra/cdn/edge.ts'
import { openImageProcessor, type ImageProcessor } from '../../../src/infra/image/processor.ts'
import type { ObjectStore } from '../../../src/infra/s3/object-store.ts'
import { loadPhotoCard } from '../../../src/services/photos/photo-cards.ts'
import { incomingKey, variantsPrefix } from '../../../src/services/photos/object-keys.ts'
import { createPhotoObjects } from '../../../src/services/retraction/objects.ts'
import { planPhoto } from '../../../src/services/retraction/plan.ts'
import { createLibraryReencoder } from '../../../src/services/uploads/reencode-library.ts'
import { createVariants } from '../../../src/services/uploads/render-variants.ts'
import { animatedGif, damagedAnimation, photoWithMetadata, SECRET } from '../../support/factories/images.ts'
import { editPhoto } from '../../support/factories/photos.ts'
import { iphoneHeic } from '../../support/factories/heic.ts'
import { motionPhoto } from '../../support/factories/jpegs.ts'
import {
  allWorkers,
  openUploadWorld,
  silent,
  type OpenUpload,
  type OpenUploadOptions,
  type UploadWorld,
} from '../../support/worlds/upload-world.ts'

let world: UploadWorld
let images: ImageProcessor
beforeAll(async () => {
  world = await openUploadWorld()
  images = openImageProcessor({ children: 1, sandbox: 'auto', logger: silent })
  for (const definition of allWorkers) await world.start(definition)
})
afterAll(async () => {
  await images?.close()
  await world?.close()
})

let number = 0
/** With secrets in its metadata and behind its end; each has bytes of its own. */
const somePhoto = async () =>
  motionPhoto(await photoWithMetadata('jpeg', 120, 90), Buffer.from(`${SECRET} ${++number}`))

async function publish(options: OpenUploadOptions = {}, original?: Buffer): Promise<OpenUpload> {
  const body = original ?? (await somePhoto())
  const upload = await world.openUpload(await world.owner(), { bytes: body.length, ...options })
  await world.outbox.dispatch([upload.outboxId])
  await world.objects.put(incomingKey(upload.photoId), body, options.contentType ?? 'image/jpeg')
  await world.announce(upload)
  await world.temporal.workflow.getHandle(photoUploadWorkflowId(upload.photoId)).result()
  return upload
}

const synced = ({ photoId }: OpenUpload) =>
  world.temporal.workflow.getHandle(photoSyncWorkflowId(photoId)).result()
async function allow(upload: OpenUpload, allowDownload: boolean): Promise<void> {
  await world.edit(upload, { allowDownload })
  await synced(upload)
}

/** As someone who is not signed in is shown it. */
async function photoOf({ photoId }: OpenUpload) {
  const { CDN_BASE_URL: cdnBaseUrl, CDN_SIGNING_KEY: cdnSigningKey, PUBLIC_URL: publicUrl } = world.config
  const signing = { cdnBaseUrl, cdnSigningKey }
  const people = createPeoplePresenter(signing)
  const present = createPhotoPresenter({ ...signing, people, publicUrl, placeOf: () => null })
  const card = await loadPhotoCard(world.db.primary, ANONYMOUS, photoId)
  return present(card!, ANONYMOUS)
}
const shown = async (upload: OpenUpload) =>
  (await photoOf(upload)).variants.find(({ name }) => name === 'original')

async function stored({ photoId }: Pick<OpenUpload, 'photoId'>): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of world.objects.list(variantsPrefix(photoId)))
    if (key.includes('download')) keys.push(key)
  return keys
}

describe('a photo that others may download', () => {
  it('is served as it was uploaded, but for its metadata', async () => {
    const upload = await publish({ allowDownload: true })
    const original = await shown(upload)
    expect(original).toMatchObject({ name: 'original', format: 'jpeg', width: 120, height: 90 })
    const answer = await fetch(original!.url)
    expect(answer.status).toBe(200)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'image/jpeg',
      'content-disposition': `attachment; filename="${upload.photoId}-download.jpeg"`,
      'x-content-type-options': 'nosniff',
    })
    const bytes = Buffer.from(await answer.arrayBuffer())
    expect(bytes.length).toBe(original!.bytes)
    for (const marker of [SECRET, 'Canon', 'ftypmp42']) expect(bytes.includes(marker)).toBe(false)
    const metadata = await sharp(bytes).metadata()
    expect([metadata.exif, metadata.xmp, metadata.icc !== undefined]).toEqual([undefined, undefined, true])
    expect(await world.progress(upload.photoId)).toMatchObject({ stage: 'ready' })
  })

  it.each([
    ['a JPEG with a film', 'image/jpeg', somePhoto],
    ['a HEIC of an iPhone', 'image/heic', iphoneHeic],
  ] as const)('of %s gives nothing away in any byte that is served', async (_, contentType, make) => {
    const original = await make()
    const upload = await publish({ allowDownload: true, contentType }, original)
    const { variants, sources } = await photoOf(upload)
    expect(variants.map(({ name }) => name)).toContain('original')
    for (const { url } of [...variants, ...sources]) {
      const bytes = Buffer.from(await (await fetch(url)).arrayBuffer())
      for (const marker of [SECRET, 'Canon', 'Apple', 'http://ns.adobe', 'adobe:ns', 'ftypmp42'])
        expect([url, marker, bytes.includes(marker)]).toEqual([url, marker, false])
      expect((await sharp(bytes).metadata()).exif).toBeUndefined()
    }
  })

  it('has one copy, whatever format another release made it in', async () => {
    const upload = await publish({ allowDownload: true })
    const { photoId } = upload
    const key = `variants/${photoId}/1/download.png`
    await world.objects.put(key, Buffer.from('old'), 'image/png')
    await world.db.primary({
      text: `INSERT INTO photo_variants (photo_id, variant, format, object_key, width, height, bytes)
        VALUES ($1, 'download', 'png', $2, 1, 1, 3)`,
      values: [photoId, key],
    })
    const { db, objects } = world
    const variants = createVariants({ db, objects, images, maxPixels: 50_000_000 })
    await variants.renderOne(photoId, { variant: 'download', format: 'any' })
    expect(await stored(upload)).toEqual([`variants/${photoId}/1/download.jpeg`])
    expect((await photoOf(upload)).variants.filter(({ name }) => name === 'original')).toHaveLength(1)
  })

  it('has no such copy until it may be downloaded, and none after that', async () => {
    const upload = await publish()
    expect([await shown(upload), await stored(upload)]).toEqual([undefined, []])
    await allow(upload, true)
    const { url } = (await shown(upload))!
    expect((await fetch(url)).status).toBe(200)
    await allow(upload, false)
    expect([await shown(upload), await stored(upload)]).toEqual([undefined, []])
    const refused = await fetch(url)
    expect([refused.status, await refused.json()]).toEqual([403, { code: 'denied' }])
    await allow(upload, true)
    expect((await fetch((await shown(upload))!.url)).status).toBe(200)
  })

  it('keeps its copy through a narrowing, under new URLs', async () => {
    const upload = await publish({ allowDownload: true })
    const { url } = (await shown(upload))!
    await world.edit(upload, { visibility: 'followers' })
    await synced(upload)
    expect((await fetch(url)).status).toBe(403)
    await world.edit(upload, { visibility: 'public' })
    await synced(upload)
    expect((await fetch((await shown(upload))!.url)).status).toBe(200)
    expect(await stored(upload)).toHaveLength(1)
  })

  it('loses a copy that is being stored while downloads end', async () => {
    const upload = await publish()
    const { photoId } = upload
    await editPhoto(world.db, photoId, { allowDownload: true })
    const objects: ObjectStore = {
      ...world.objects,
      async put(...args) {
        await world.objects.put(...args)
        await editPhoto(world.db, photoId, { allowDownload: false })
      },
    }
    const variants = createVariants({ db: world.db, objects, images, maxPixels: 50_000_000 })
    const outcome = await variants.renderOne(photoId, { variant: 'download', format: 'any' })
    expect(outcome).toEqual({ outcome: 'rendered', failed: [] })
    expect([await shown(upload), await stored(upload)]).toEqual([undefined, []])
  })

  it('has one copy or none in the end, whatever happens at once', async () => {
    const { photoId } = await publish()
    const variants = createVariants({ db: world.db, objects: world.objects, images, maxPixels: 50_000_000 })
    const photoObjects = createPhotoObjects(world)
    const edit = (changes: Parameters<typeof editPhoto>[2]) => editPhoto(world.db, photoId, changes)
    const copy = () => variants.renderOne(photoId, { variant: 'download', format: 'any' })
    /** As the photo's workflow does it. */
    const reconcile = async () => {
      const { stale, missing = [] } = await planPhoto(world.db.primary, photoId)
      await Promise.all(stale.map((each) => photoObjects.move(photoId, each)))
      await photoObjects.sweep(photoId)
      await Promise.all(missing.map((ref) => variants.renderOne(photoId, ref)))
    }
    const actions: (() => Promise<unknown>)[] = [
      () => edit({ allowDownload: true }),
      () => edit({ allowDownload: false }),
      () => edit({ visibility: 'private' }),
      () => edit({ visibility: 'public' }),
      copy,
      reconcile,
    ]
    for (let round = 0; round < 12; round++) {
      const order = actions.map((action, at) => ({ action, key: (at * 7 + round * 5) % 11 }))
      await Promise.allSettled(order.sort((a, b) => a.key - b.key).map(({ action }) => action()))
      await edit({ allowDownload: round % 2 === 0 })
      await reconcile()
      // What was put into place while another step looked.
      await reconcile()
      const rows = (await world.variants(photoId)).filter(({ variant }) => variant === 'download')
      const { access_epoch: epoch } = await world.photo(photoId)
      const keys = round % 2 === 0 ? [`variants/${photoId}/${epoch}/download.jpeg`] : []
      expect([round, rows.map((row) => row.object_key)]).toEqual([round, keys])
      expect([round, await stored({ photoId })]).toEqual([round, keys])
    }
  })
})

const animationOf = async (upload: OpenUpload) =>
  (await photoOf(upload)).variants.find(({ name }) => name === 'animation')

describe('an animation', () => {
  it('is kept as a variant that is narrowed as every other', async () => {
    const upload = await publish({ contentType: 'image/gif' }, await animatedGif(120, 80))
    expect(await world.progress(upload.photoId)).toMatchObject({ stage: 'ready' })
    const animation = await animationOf(upload)
    expect(animation).toMatchObject({ format: 'webp', width: 120, height: 80 })
    const answer = await fetch(animation!.url)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/webp'])
    const bytes = Buffer.from(await answer.arrayBuffer())
    expect(await sharp(bytes).metadata()).toMatchObject({ pages: 2 })

    await world.edit(upload, { visibility: 'private' })
    await synced(upload)
    expect((await fetch(animation!.url)).status).toBe(403)
    const moved = (await world.variants(upload.photoId)).find(({ variant }) => variant === 'animation')
    expect(moved!.object_key).toBe(`variants/${upload.photoId}/2/animation.webp`)
  })

  it('of before it was kept is made by a re-encode, which looks once', async () => {
    const moving = await publish({ contentType: 'image/gif' }, await animatedGif(90, 60))
    const still = await publish({ contentType: 'image/webp' }, await photoWithMetadata('webp', 90, 60))
    const ids = [moving.photoId, still.photoId]
    await world.db.primary({
      text: `DELETE FROM photo_variants WHERE photo_id = ANY ($1) AND variant = 'animation'`,
      values: [ids],
    })
    await world.db.primary({
      text: 'UPDATE photos SET animation_frames = NULL WHERE photo_id = ANY ($1)',
      values: [ids],
    })
    const { db, objects } = world
    const { edges, CDN_PURGE_TOKEN: purgeToken } = world.config
    const cdn = createCdn(edges.map((edge) => createEdge({ ...edge, purgeToken, fetchTimeoutMs: 5_000 })))
    const reencoder = createLibraryReencoder({ db, objects, images, maxPixels: 50_000_000, cdn })
    const run = async () => {
      const { tally } = await reencoder.slice(
        {
          selection: { sizes: ['animation'], purge: false },
          share: { from: 0, below: WHOLE_LIBRARY },
          maxPhotos: 1_000,
        },
        { maxMs: 60_000, onReached: () => undefined, signal: new AbortController().signal },
      )
      return [tally.rendered, tally.failed]
    }
    expect(await run()).toEqual([1, 0])
    expect((await animationOf(moving))!.url).toBeDefined()
    const frames = await Promise.all(ids.map(async (id) => (await loadPhotoCard(db.primary, ANONYMOUS, id))!))
    expect(frames.map(({ animationFrames }) => animationFrames)).toEqual([2, 0])
    expect(await run()).toEqual([0, 0])
  })

  it('whose later frames are damaged is ready without one', async () => {
    const upload = await publish({ contentType: 'image/webp' }, await damagedAnimation())
    expect(await world.progress(upload.photoId)).toMatchObject({ stage: 'ready' })
    expect((await photoOf(upload)).variants.map(({ name }) => name)).toContain('medium_800')
    expect(await animationOf(upload)).toBeUndefined()
    const variants = createVariants({ db: world.db, objects: world.objects, images, maxPixels: 50_000_000 })
    expect(await variants.plan(upload.photoId)).toMatchObject({ missing: [], deferred: [] })
  })
})
