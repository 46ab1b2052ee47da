import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { photoUploadWorkflowId, type PhotoUploadResult } from '../../src/contracts/photo-upload.ts'
import { incomingKey } from '../../src/services/photo-keys.ts'
import {
  allWorkers,
  eventually,
  openUploadWorld,
  somePhoto,
  type OpenUpload,
  type UploadWorld,
} from './upload-world.ts'

const VARIANTS = ['medium_800.jpeg', 'medium_800.webp', 'original.jpeg', 'thumb_200.jpeg', 'thumb_200.webp']

let world: UploadWorld
let owner: string

beforeAll(async () => {
  world = await openUploadWorld()
  owner = await world.owner()
  for (const definition of allWorkers) await world.start(definition)
})
afterAll(() => world?.close())

const result = (upload: OpenUpload) =>
  world.temporal.workflow
    .getHandle(photoUploadWorkflowId(upload.photoId))
    .result() as Promise<PhotoUploadResult>

describe('an upload', () => {
  it('is ready soon after its PUT, and complete soon after that', async () => {
    const bytes = await somePhoto()
    const times: number[] = []
    for (let round = 0; round < 5; round++) {
      const upload = await world.openUpload(owner, {
        bytes: bytes.length,
        caption: 'Dawn over #Zürich and #harbor',
      })
      await world.outbox.dispatch([upload.outboxId])
      await world.objects.put(incomingKey(upload.photoId), bytes, 'image/jpeg')
      const putAt = performance.now()
      await world.announce(upload)
      await eventually(async () => (await world.photo(upload.photoId)).status === 'ready')
      times.push(performance.now() - putAt)
      expect(await result(upload)).toEqual({ stage: 'ready' })
      const stored = await world.variants(upload.photoId)
      expect(stored.map(({ variant, format }) => `${variant}.${format}`)).toEqual(VARIANTS)
      for (const { object_key: key } of stored) expect(await world.objects.head(key)).toBeDefined()
      const photo = await world.photo(upload.photoId)
      expect(Number(photo.score)).toBe(photo.published_at!.getTime())
    }
    times.sort((a, b) => a - b)
    process.stdout.write(`PUT to ready, median of ${times.length}: ${Math.round(times[2]!)} ms\n`)
    expect(times[2]).toBeLessThan(1_000)
  })
})
