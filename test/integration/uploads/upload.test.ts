import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import sharp from 'sharp'
import { VARIANT_SPECS } from '../../../src/domain/variants.ts'
import { photoSyncWorkflowId, type SyncProgress } from '../../../src/contracts/photo-sync.ts'
import {
  photoUploadWorkflowId,
  UPLOAD_STEPS,
  type PhotoUploadResult,
} from '../../../src/contracts/photo-upload.ts'
import { imageUrl } from '../../../src/services/photos/image-url.ts'
import { originalKey } from '../../../src/services/blobs/blob-keys.ts'
import { incomingKey } from '../../../src/services/photos/object-keys.ts'
import { LONGEST_TRANSFER_MS } from '../../../src/workflows/photo-upload/workflow.ts'
import {
  allWorkers,
  eventually,
  openUploadWorld,
  somePhoto,
  type OpenUpload,
  type OpenUploadOptions,
  type UploadWorld,
} from '../../support/worlds/upload-world.ts'

const VARIANTS = [
  ...VARIANT_SPECS.map(({ variant, format }) => `${variant}.${format}`),
  'original.jpeg',
].sort()
const ROUNDS = 2

let world: UploadWorld
let owner: string

beforeAll(async () => {
  world = await openUploadWorld()
  owner = await world.owner()
  for (const definition of allWorkers) await world.start(definition)
})
afterAll(() => world?.close())

const handleOf = ({ photoId }: OpenUpload) =>
  world.temporal.workflow.getHandle(photoUploadWorkflowId(photoId))
const result = (upload: OpenUpload) => handleOf(upload).result() as Promise<PhotoUploadResult>

async function put(body: Buffer, options: OpenUploadOptions = {}): Promise<OpenUpload> {
  const upload = await world.openUpload(owner, { bytes: body.length, ...options })
  await world.outbox.dispatch([upload.outboxId])
  await world.objects.put(incomingKey(upload.photoId), body, options.contentType ?? 'image/jpeg')
  return upload
}

async function publish(options: OpenUploadOptions = {}): Promise<OpenUpload> {
  const upload = await put(await somePhoto(), options)
  await world.announce(upload)
  expect(await result(upload)).toEqual({ stage: 'ready' })
  return upload
}

async function synced({ photoId }: OpenUpload): Promise<SyncProgress> {
  return (await world.temporal.workflow.getHandle(photoSyncWorkflowId(photoId)).result()) as SyncProgress
}

describe('an upload', () => {
  it('becomes ready, and complete with all variants stored', async () => {
    const body = await somePhoto()
    for (let round = 0; round < ROUNDS; round++) {
      const upload = await put(body, { caption: 'Dawn over #Zürich and #harbor' })
      await world.announce(upload)
      await eventually(async () => (await world.photo(upload.photoId)).status === 'ready')
      expect(await result(upload)).toEqual({ stage: 'ready' })
      const stored = await world.variants(upload.photoId)
      expect(stored.map(({ variant, format }) => `${variant}.${format}`)).toEqual(VARIANTS)
      for (const { object_key: key } of stored) expect(await world.objects.head(key)).toBeDefined()
      const photo = await world.photo(upload.photoId)
      expect(Number(photo.score)).toBe(photo.published_at!.getTime())
    }
  })

  it('writes the tags of its caption and counts the photo once', async () => {
    const author = await world.owner()
    const upload = await put(await somePhoto(), { caption: '#Zürich #ZURICH #harbor' })
    await world.db.primary({
      text: 'UPDATE photos SET owner_id = $2 WHERE photo_id = $1',
      values: [upload.photoId, author],
    })
    await world.announce(upload)
    await result(upload)
    const tags = await world.db.primary({
      text: 'SELECT tag, display, position FROM photo_tags WHERE photo_id = $1 ORDER BY position',
      values: [upload.photoId],
    })
    expect(tags).toEqual([
      { tag: 'zurich', display: 'Zürich', position: 0 },
      { tag: 'harbor', display: 'harbor', position: 1 },
    ])
    const [{ photos } = { photos: '' }] = await world.db.primary<{ photos: string }>({
      text: 'SELECT public_photos::text AS photos FROM user_photo_counts WHERE user_id = $1',
      values: [author],
    })
    expect(photos).toBe('1')
  })

  it('has one result when its events come often, at once and late', async () => {
    const upload = await put(await somePhoto())
    await Promise.all(Array.from({ length: 8 }, () => world.announce(upload)))
    expect(await result(upload)).toEqual({ stage: 'ready' })
    const { version } = await world.photo(upload.photoId)
    await world.announce(upload)
    const { runId } = await handleOf(upload).describe()
    expect((await handleOf(upload).describe()).status.name).toBe('COMPLETED')
    expect((await handleOf(upload).describe()).runId).toBe(runId)
    expect((await world.photo(upload.photoId)).version).toBe(version)
    expect(await owed()).toBe(0)
  })

  it('needs only its event when the opening message is lost', async () => {
    const body = await somePhoto()
    const upload = await world.openUpload(owner, { bytes: body.length })
    await world.objects.put(incomingKey(upload.photoId), body, 'image/jpeg')
    await world.announce(upload)
    expect(await result(upload)).toEqual({ stage: 'ready' })
    await world.outbox.dispatch([upload.outboxId])
    expect(await owed()).toBe(0)
  })

  it.each([
    [
      'text posing as JPEG',
      'not_an_image',
      async () => Buffer.from('not a photo at all, only some text'),
      {},
    ],
    ['a PNG posing as JPEG', 'type_mismatch', () => sharp(emptyImage).png().toBuffer(), {}],
    ['a cut JPEG', 'truncated', async () => (await somePhoto()).subarray(0, 20_000), {}],
    ['other bytes than declared', 'size_mismatch', () => somePhoto(), { bytes: 5 }],
  ])('refuses %s: failed as %s, nothing stored', async (_, code, make, options) => {
    const upload = await put(await make(), options)
    await world.announce(upload)
    expect(await result(upload)).toEqual({ stage: 'failed', failureCode: code })
    expect(await world.photo(upload.photoId)).toMatchObject({ status: 'failed', failure_code: code })
    expect(await world.objects.head(incomingKey(upload.photoId))).toMatchObject({ bytes: 0 })
    expect(await world.objects.head(originalKey(upload.photoId))).toBeUndefined()
    expect(await world.variants(upload.photoId)).toEqual([])
  })

  it.each([
    ['published', somePhoto, 'ready'],
    ['refused', async () => Buffer.from('not a photo at all, only some text'), 'failed'],
  ] as const)('cannot be sent again with its URL once it is %s', async (_what, make, stage) => {
    const body = await make()
    const upload = await put(body)
    const { url, headers } = await world.objects.presignPut({
      key: incomingKey(upload.photoId),
      bytes: body.length,
      contentType: 'image/jpeg',
      expiresInSeconds: 60,
    })
    await world.announce(upload)
    expect(await result(upload)).toMatchObject({ stage })
    const again = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(body) })
    expect(again.status).toBe(412)
    expect(await world.objects.head(incomingKey(upload.photoId))).toMatchObject({ bytes: 0 })
  })

  it('may arrive in parts', async () => {
    const photo = await somePhoto()
    const body = Buffer.concat([photo, Buffer.alloc(17 * 1024 ** 2 - photo.length)])
    const upload = await world.openUpload(owner, { bytes: body.length, multipart: true })
    await world.outbox.dispatch([upload.outboxId])
    const key = incomingKey(upload.photoId)
    const [parts] = await world.db.primary<{ upload_id: string; part_bytes: number }>({
      text: 'SELECT upload_id, part_bytes FROM multipart_uploads WHERE photo_id = $1',
      values: [upload.photoId],
    })
    const { upload_id: uploadId, part_bytes: size } = parts!
    for (let number = 1; number <= 3; number++) {
      const part = body.subarray((number - 1) * size, number * size)
      const { url } = await world.objects.presignPart(key, uploadId, {
        number,
        bytes: part.length,
        expiresInSeconds: 60,
      })
      expect((await fetch(url, { method: 'PUT', body: new Uint8Array(part) })).status).toBe(200)
    }
    await world.objects.completeParts(key, uploadId, (await world.objects.listParts(key, uploadId))!)
    await world.announce(upload)
    expect(await result(upload)).toEqual({ stage: 'ready' })
    expect(await world.objects.head(key)).toBeUndefined()
  })

  it('in parts is abandoned with its parts when it does not arrive', async () => {
    const upload = await world.openUpload(owner, {
      bytes: 17 * 1024 ** 2,
      multipart: true,
      expiresInMs: 1_000 - LONGEST_TRANSFER_MS,
    })
    await world.outbox.dispatch([upload.outboxId])
    expect(await result(upload)).toEqual({ stage: 'abandoned', failureCode: 'upload_expired' })
    for await (const { key } of world.objects.listUnfinished('incoming/'))
      expect(key).not.toBe(incomingKey(upload.photoId))
  })

  it('is abandoned when nothing arrives by expiry plus transfer time', async () => {
    const upload = await world.openUpload(owner, { expiresInMs: 1_000 - LONGEST_TRANSFER_MS })
    await world.outbox.dispatch([upload.outboxId])
    expect(await result(upload)).toEqual({ stage: 'abandoned', failureCode: 'upload_expired' })
    expect(await world.photo(upload.photoId)).toMatchObject({
      status: 'failed',
      failure_code: 'upload_expired',
    })
  })

  it('is found by its photo and shows its steps to an operator', async () => {
    const upload = await publish()
    const query = `DarkroomPhoto = "${upload.photoId}" AND DarkroomStage = "ready"`
    const found = await eventually(async () => {
      for await (const workflow of world.temporal.workflow.list({ query })) return workflow
      return undefined
    })
    expect(found.workflowId).toBe(photoUploadWorkflowId(upload.photoId))
    expect((await world.progress(upload.photoId)).steps.map(({ state }) => state)).toEqual(
      UPLOAD_STEPS.map(() => 'done'),
    )
    const described = await handleOf(upload).describe()
    expect(await described.staticSummary()).toBe(`Upload photo ${upload.photoId} of user ${owner}`)
  })
})

describe('a published photo', () => {
  const urlOf = (key: string, accessEpoch: number) =>
    imageUrl({
      baseUrl: world.config.CDN_BASE_URL,
      key,
      accessEpoch,
      owner: { userId: owner, accessEpoch: 0 },
      isPublic: true,
      signingKey: world.config.CDN_SIGNING_KEY,
      now: new Date(),
    }).url
  const statusOf = async (url: string) => (await fetch(url)).status

  it('moves to a new epoch when narrowed, and only its new URLs work', async () => {
    const upload = await publish()
    const before = (await world.variants(upload.photoId)).filter(({ variant }) => variant !== 'original')
    for (const { object_key: key } of before) expect(await statusOf(urlOf(key, 1))).toBe(200)

    await world.edit(upload, { visibility: 'followers' })
    const { removed } = await synced(upload)
    expect(removed).toMatchObject({ objects: before.length, edgePaths: before.length })
    const after = (await world.variants(upload.photoId)).filter(({ variant }) => variant !== 'original')
    expect(after.map(({ object_key: key }) => key)).toEqual(
      before.map(({ object_key: key }) => key.replace('/1/', '/2/')),
    )
    for (const { object_key: key } of before) {
      expect(await world.objects.head(key)).toBeUndefined()
      expect(await statusOf(urlOf(key, 1))).toBe(403)
      expect(await statusOf(urlOf(key, 2))).toBe(404)
    }
    for (const { object_key: key } of after) expect(await statusOf(urlOf(key, 2))).toBe(200)
  })

  it('leaves nothing in storage or at the edges when it is deleted', async () => {
    const upload = await publish()
    const stored = await world.variants(upload.photoId)
    const served = stored.filter(({ variant }) => variant !== 'original')
    for (const { object_key: key } of served) expect(await statusOf(urlOf(key, 1))).toBe(200)

    await world.remove(upload)
    const { removed } = await synced(upload)
    expect(removed).toEqual({ objects: stored.length, edgePaths: served.length, searchDocuments: 1 })
    for (const { object_key: key } of stored) expect(await world.objects.head(key)).toBeUndefined()
    for (const { object_key: key } of served) expect(await statusOf(urlOf(key, 1))).toBe(403)
    expect(await world.variants(upload.photoId)).toEqual([])
  })

  it('stops its upload when it is deleted before its original arrives', async () => {
    const upload = await world.openUpload(owner)
    await world.outbox.dispatch([upload.outboxId])
    await world.remove(upload)
    expect(await result(upload)).toEqual({ stage: 'deleted' })
    await synced(upload)
  })
})

const emptyImage = { create: { width: 40, height: 30, channels: 3, background: '#fff' } } as const

async function owed(): Promise<number> {
  const [row] = await world.db.primary<{ count: string }>({
    text: `SELECT count(*)::text AS count FROM outbox WHERE payload ->> 'ownerId' = $1`,
    values: [owner],
  })
  return Number(row!.count)
}
