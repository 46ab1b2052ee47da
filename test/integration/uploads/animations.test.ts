import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPhotoPresenter } from '../../../src/api/routes/photos/presenter.ts'
import { photoSyncWorkflowId } from '../../../src/contracts/photo-sync.ts'
import { photoUploadWorkflowId } from '../../../src/contracts/photo-upload.ts'
import { ANONYMOUS } from '../../../src/domain/viewer.ts'
import { openImageProcessor, type ImageProcessor } from '../../../src/infra/image/processor.ts'
import { incomingKey } from '../../../src/services/photos/object-keys.ts'
import { loadPhotoCard } from '../../../src/services/photos/photo-cards.ts'
import { createVariants } from '../../../src/services/uploads/render-variants.ts'
import { animatedGif, damagedAnimation } from '../../support/factories/images.ts'
import {
  allWorkers,
  openUploadWorld,
  silent,
  type OpenUpload,
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

async function publish(body: Buffer, contentType: 'image/gif' | 'image/webp'): Promise<OpenUpload> {
  const upload = await world.openUpload(await world.owner(), { bytes: body.length, contentType })
  await world.outbox.dispatch([upload.outboxId])
  await world.objects.put(incomingKey(upload.photoId), body, contentType)
  await world.announce(upload)
  await world.temporal.workflow.getHandle(photoUploadWorkflowId(upload.photoId)).result()
  return upload
}

/** What someone who is not signed in is shown. */
async function shown({ photoId }: OpenUpload) {
  const { CDN_BASE_URL: cdnBaseUrl, CDN_SIGNING_KEY: cdnSigningKey, PUBLIC_URL: publicUrl } = world.config
  const present = createPhotoPresenter({ cdnBaseUrl, cdnSigningKey, publicUrl })
  const card = await loadPhotoCard(world.db.primary, ANONYMOUS, photoId)
  return present(card!, ANONYMOUS).variants
}
const animationOf = async (upload: OpenUpload) =>
  (await shown(upload)).find(({ name }) => name === 'animation')

describe('an animation', () => {
  it('is kept as a variant that is narrowed as every other', async () => {
    const upload = await publish(await animatedGif(120, 80), 'image/gif')
    expect(await world.progress(upload.photoId)).toMatchObject({ stage: 'ready' })
    const animation = await animationOf(upload)
    expect(animation).toMatchObject({ format: 'webp', width: 120, height: 80 })
    const answer = await fetch(animation!.url)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/webp'])
    const bytes = Buffer.from(await answer.arrayBuffer())
    expect(await sharp(bytes).metadata()).toMatchObject({ pages: 2 })

    await world.edit(upload, { visibility: 'private' })
    await world.temporal.workflow.getHandle(photoSyncWorkflowId(upload.photoId)).result()
    expect((await fetch(animation!.url)).status).toBe(403)
    const moved = (await world.variants(upload.photoId)).find(({ variant }) => variant === 'animation')
    expect(moved!.object_key).toBe(`variants/${upload.photoId}/2/animation.webp`)
  })

  it('whose later frames are damaged is ready without one', async () => {
    const upload = await publish(await damagedAnimation(), 'image/webp')
    expect(await world.progress(upload.photoId)).toMatchObject({ stage: 'ready' })
    expect((await shown(upload)).map(({ name }) => name)).toContain('medium_800')
    expect(await animationOf(upload)).toBeUndefined()
    const variants = createVariants({ db: world.db, objects: world.objects, images, maxPixels: 50_000_000 })
    expect(await variants.plan(upload.photoId)).toMatchObject({ missing: [], deferred: [] })
  })
})
