import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { originalKey } from '../../../src/services/blobs/blob-keys.ts'
import { variantsPrefix } from '../../../src/services/photos/object-keys.ts'
import { mediaWorker } from '../../../src/workers/media.ts'
import { orchestrationWorker } from '../../../src/workers/orchestration.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'
import { openLinkWorld, type LinkWorld } from '../../support/worlds/link-world.ts'
import {
  eventually,
  openUploadWorld,
  somePhoto,
  type UploadWorld,
} from '../../support/worlds/upload-world.ts'

let workers: UploadWorld
let world: LinkWorld
let ann: Person
let albumId: string
beforeAll(async () => {
  workers = await openUploadWorld()
  for (const definition of [orchestrationWorker, mediaWorker]) await workers.start(definition)
  world = await openLinkWorld({ TEMPORAL_NAMESPACE: workers.config.TEMPORAL_NAMESPACE })
  ;[ann] = (await world.people(1)) as [Person]
  albumId = await world.album(ann)
})
afterAll(async () => {
  await world?.close()
  await workers?.close()
})

const box = async (): Promise<Json[]> =>
  (await world.call('GET', `/v1/albums/${albumId}/drop-box`, { token: ann.token })).body.items

/** As a guest does it, with nothing but the link. @returns the item, once all its variants are made */
async function offer(bytes: Buffer<ArrayBuffer>): Promise<Json> {
  const link = await world.link(ann, albumId, { allowUpload: true })
  const before = (await box()).map(({ id }) => id)
  const { upload, ticket } = (await world.offer(link, { bytes: bytes.length, name: 'Uncle Karl' })).body
  const put = await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: bytes })
  expect(put.status).toBe(200)
  const completed = await world.call('POST', `/v1/share/${link.token}/uploads/${ticket}/complete`)
  expect(completed.status).toBe(204)
  return eventually(async () =>
    (await box()).find(({ id, photo }) => !before.includes(id) && photo.variants.length > 2),
  )
}

async function storedOf(photoId: string): Promise<string[]> {
  const keys: string[] = []
  for (const prefix of [variantsPrefix(photoId), originalKey(photoId)])
    for await (const { key } of workers.objects.list(prefix)) keys.push(key)
  return keys
}

describe('a photo that a guest uploads', () => {
  it('is made ready to be looked at, and is published by approval', async () => {
    const { id, name, photo } = await offer(Buffer.from(await somePhoto(400, 300)))
    expect({ name, status: photo.status, visibility: photo.visibility, width: photo.width }).toEqual({
      ...{ name: 'Uncle Karl', status: 'offered', visibility: 'private', width: 400 },
    })
    const found = async () =>
      (await world.call('GET', `/v1/search/photos?user=${ann.username}`, { token: ann.token })).body.items
    expect(await found()).toEqual([])
    const { status } = await world.call('PUT', `/v1/albums/${albumId}/drop-box/${id}`, { token: ann.token })
    expect(status).toBe(204)
    expect(await world.photosIn(ann, albumId)).toEqual([id])
    await eventually(async () => (await found()).some((hit: Json) => hit.id === id))
  })

  it('leaves nothing behind when it is declined', async () => {
    const { id } = await offer(Buffer.from(await somePhoto(400, 300)))
    expect((await storedOf(id)).length).toBeGreaterThan(2)
    const { status } = await world.call('DELETE', `/v1/albums/${albumId}/drop-box/${id}`, {
      token: ann.token,
    })
    expect(status).toBe(204)
    await eventually(async () => (await storedOf(id)).length === 0)
    await eventually(
      async () =>
        (
          await world.db.primary({
            text: 'SELECT FROM retractions WHERE subject = $1',
            values: [`photo/${id}`],
          })
        ).length === 0,
    )
  })
})
