import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toBytes } from '../../../src/domain/embeddings.ts'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { embedPhoto } from '../../../src/services/embeddings/embed-photo.ts'
import { scrubPhoto } from '../../../src/services/retraction/erasures.ts'
import { deletePhoto, setPhotoStatus, type BuildPhotoOptions } from '../../support/factories/photos.ts'
import { noisyImage } from '../../support/factories/images.ts'
import { settle } from '../../support/replica.ts'
import {
  answering,
  startClassifierServer,
  type ClassifierServer,
} from '../../support/servers/classifier-server.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let server: ClassifierServer
let world: ApiWorld
beforeAll(async () => {
  server = await startClassifierServer()
  world = await openApiWorld({ EMBEDDING_URL: server.url, EMBEDDING_NETWORKS: '127.0.0.0/8,::1/128' })
})
afterAll(async () => {
  await world?.close()
  await server?.close()
})

const MODEL = { model: 'remote', version: '7' }

async function publish(
  owner: Person,
  vector: number[],
  options: BuildPhotoOptions & { model?: string } = {},
) {
  const { model = 'remote/7', ...photo } = options
  const photoId = await world.seedPhoto({ ownerId: owner.id, ...photo })
  await world.db.primary({
    text: 'INSERT INTO photo_embeddings (photo_id, model, vector) VALUES ($1, $2, $3)',
    values: [photoId, model, Buffer.from(toBytes(Float32Array.from(vector)).buffer)],
  })
  await settle(world.db)
  return photoId
}

async function find(owner: Person, query = 'limit=10'): Promise<[PhotoId, number][]> {
  server.answer = answering({ ...MODEL, vectors: [[1, 0, 0]] })
  const { status, body } = await world.call('GET', `/v1/me/photos/by-content?q=beach&${query}`, {
    token: owner.token,
  })
  expect(status).toBe(200)
  return body.items.map(({ id, nearness }: { id: PhotoId; nearness: number }) => [id, nearness])
}

const embedded = async (photoId: PhotoId) => {
  const [row] = await world.db.primary<{ model: string; vector: Buffer }>({
    text: 'SELECT model, vector FROM photo_embeddings WHERE photo_id = $1',
    values: [photoId],
  })
  return row && { model: row.model, vector: [...row.vector] }
}

describe('GET /me/photos/by-content', () => {
  it('lists one’s own published photos, the nearest first', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const near = await publish(ann, [1, 0, 0], { visibility: 'private' })
    const far = await publish(ann, [-1, 0, 0])
    const between = await publish(ann, [0.8, 0.6, 0])
    await publish(ann, [1, 0, 0], { status: 'quarantined' })
    await publish(ann, [1, 0, 0], { model: 'remote/6' })
    await publish(ann, [1, 0])
    await publish(bob, [1, 0, 0])
    const found = await find(ann)
    expect(found).toEqual([
      [near, 1],
      [between, expect.closeTo(0.8, 2)],
      [far, -1],
    ])
    expect(await find(ann, 'limit=1')).toEqual([[near, 1]])
  })

  it('sends the words alone, and answers 503 while the service fails', async () => {
    const ann = await world.signUp()
    expect(await find(ann)).toEqual([])
    expect(JSON.parse(server.received.at(-1)!.body.toString())).toEqual({ texts: ['beach'] })
    server.answer = answering('broken', 500)
    const { status, body } = await world.call('GET', '/v1/me/photos/by-content?q=beach', { token: ann.token })
    expect([status, body.code]).toEqual([503, 'unavailable'])
  })

  it('refuses empty and long texts, and all where no service is named', async () => {
    const ann = await world.signUp()
    for (const q of ['', 'a'.repeat(10_000)])
      expect((await world.call('GET', `/v1/me/photos/by-content?q=${q}`, { token: ann.token })).status).toBe(
        422,
      )
    expect((await world.call('GET', '/v1/me/photos/by-content?q=beach')).status).toBe(401)
    const plain = await openApiWorld()
    try {
      const person = await plain.signUp()
      const { status, body } = await plain.call('GET', '/v1/me/photos/by-content?q=beach', {
        token: person.token,
      })
      expect([status, body.code]).toEqual([422, 'invalid'])
    } finally {
      await plain.close()
    }
  })
})

describe('embedPhoto', () => {
  const picture = noisyImage(64, 48).jpeg().toBuffer()
  const depsOf = async () => {
    const { clients } = world.api
    const embedder = {
      ofPicture: async () => ({ ...MODEL, vectors: [Float32Array.of(0.5, -1, 0)] }),
      ofTexts: () => Promise.reject(new Error('not asked')),
    }
    return { db: world.db, objects: clients.objects, archive: undefined, embedder }
  }

  async function stored(owner: Person, options: BuildPhotoOptions = {}) {
    const photoId = await world.seedPhoto({ ownerId: owner.id, ...options })
    const key = `p/${photoId}/1/medium_800.jpeg`
    await world.api.clients.objects.put(key, await picture, 'image/jpeg')
    await world.db.primary({
      text: `INSERT INTO photo_variants (photo_id, variant, format, object_key, width, height, bytes)
        VALUES ($1, 'medium_800', 'jpeg', $2, 64, 48, 100)`,
      values: [photoId, key],
    })
    return photoId
  }

  it('keeps one vector a photo, of the last model', async () => {
    const ann = await world.signUp()
    const photoId = await stored(ann)
    await world.db.primary({
      text: `INSERT INTO photo_embeddings (photo_id, model, vector) VALUES ($1, 'remote/6', '\\x01')`,
      values: [photoId],
    })
    await embedPhoto(await depsOf(), photoId)
    await embedPhoto(await depsOf(), photoId)
    expect(await embedded(photoId)).toEqual({ model: 'remote/7', vector: [64, 129, 0] })
  })

  it('keeps nothing of a deleted photo, and an erasure takes it', async () => {
    const ann = await world.signUp()
    const [photoId, kept] = [await stored(ann), await stored(ann)]
    await deletePhoto(world.db, photoId)
    await embedPhoto(await depsOf(), photoId)
    expect(await embedded(photoId)).toBeUndefined()
    await embedPhoto(await depsOf(), kept)
    await setPhotoStatus(world.db, kept, 'deleted')
    await scrubPhoto(world.db.primary, kept)
    expect(await embedded(kept)).toBeUndefined()
  })
})
