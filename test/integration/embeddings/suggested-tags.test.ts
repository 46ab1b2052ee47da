import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { labelOf } from '../../../src/domain/auto-tags.ts'
import { toBytes } from '../../../src/domain/embeddings.ts'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { openEmbeddings } from '../../../src/services/embeddings/module.ts'
import { createTagLabels } from '../../../src/services/embeddings/tag-labels.ts'
import { scrubPhoto } from '../../../src/services/retraction/erasures.ts'
import { noisyImage } from '../../support/factories/images.ts'
import { setPhotoStatus } from '../../support/factories/photos.ts'
import {
  answering,
  startClassifierServer,
  type ClassifierServer,
} from '../../support/servers/classifier-server.ts'
import { openApiWorld, type ApiWorld, type Json, type Person } from '../../support/worlds/api-world.ts'

let server: ClassifierServer
let world: ApiWorld
let folder: string
let ann: Person
let bob: Person
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
  server = await startClassifierServer()
  world = await openApiWorld({ EMBEDDING_URL: server.url, EMBEDDING_NETWORKS: '127.0.0.0/8,::1/128' })
  ;[ann, bob] = [await world.signUp(), await world.signUp()]
})
afterAll(async () => {
  await world?.close()
  await server?.close()
  await rm(folder, { recursive: true })
})

/** What the service makes of texts; everything else lies far from all of them. */
const NEAR: Record<string, number[]> = { dog: [1, 0, 0], 'a boat at sea': [0.8, 0.6, 0], cat: [0, 0, 1] }
const DOG_BOAT_CAT = ['dog', 'Boat: a boat at sea', 'cat']

/** The texts of each request since the test began. */
let asked: string[][]
beforeEach(async () => {
  asked = []
  await world.db.primary({ text: 'DELETE FROM tag_labels' })
  server.answer = (response) => {
    const { headers, body } = server.received.at(-1)!
    const isText = headers['content-type'] === 'application/json'
    const texts = isText ? (JSON.parse(body.toString()) as { texts: string[] }).texts : []
    if (isText) asked.push(texts)
    const vectors = isText ? texts.map((text) => NEAR[text] ?? [-1, -1, -1]) : [NEAR['dog']]
    answering({ model: 'remote', version: '7', vectors })(response)
  }
})

const labelsOf = (lines: readonly string[]) =>
  createTagLabels({
    query: world.db.primary,
    embedder: world.api.clients.embedder!,
    labels: lines.map((line) => labelOf(line)!),
  })

async function publish(model = 'remote/7', vector = NEAR['dog']!): Promise<PhotoId> {
  const photoId = await world.seedPhoto({ ownerId: ann.id })
  await world.db.primary({
    text: 'INSERT INTO photo_embeddings (photo_id, model, vector) VALUES ($1, $2, $3)',
    values: [photoId, model, Buffer.from(toBytes(Float32Array.from(vector)).buffer)],
  })
  return photoId
}

const pathOf = (photoId: PhotoId) => `/v1/photos/${photoId}/suggested-tags`
async function suggested(photoId: PhotoId): Promise<string[]> {
  const { status, body } = await world.call('GET', pathOf(photoId), { token: ann.token })
  expect(status).toBe(200)
  return body.items.map(({ tag }: Json) => tag)
}
const dismiss = async (who: Person | undefined, photoId: PhotoId, tag: string) =>
  (await world.call('DELETE', `${pathOf(photoId)}/${encodeURIComponent(tag)}`, { token: who?.token })).status

describe('GET /photos/{photoId}/suggested-tags', () => {
  it('lists what the photo is near to, the nearest first, to its owner', async () => {
    await labelsOf(DOG_BOAT_CAT).keep('remote/7')
    const photoId = await publish()
    const { body } = await world.call('GET', pathOf(photoId), { token: ann.token })
    expect(body).toEqual({
      items: [
        { tag: 'dog', nearness: 1 },
        { tag: 'Boat', nearness: expect.closeTo(0.8, 2) },
      ],
    })
    expect((await world.call('GET', pathOf(photoId), { token: bob.token })).status).toBe(403)
    expect((await world.call('GET', pathOf(photoId))).status).toBe(401)
    const { body: shown } = await world.call('GET', `/v1/photos/${photoId}`, { token: ann.token })
    expect(shown.photo.tags).toEqual([])
  })

  it('leaves out tags that the photo has, in any spelling', async () => {
    await labelsOf(DOG_BOAT_CAT).keep('remote/7')
    const photoId = await publish()
    await world.call('PATCH', `/v1/photos/${photoId}`, { token: ann.token, body: { caption: 'My #DOG' } })
    expect(await suggested(photoId)).toEqual(['Boat'])
  })

  it('lists none of a photo without an embedding, or of another model', async () => {
    await labelsOf(DOG_BOAT_CAT).keep('remote/7')
    expect(await suggested(await publish('remote/6'))).toEqual([])
    expect(await suggested(await world.seedPhoto({ ownerId: ann.id }))).toEqual([])
  })
})

describe('DELETE /photos/{photoId}/suggested-tags/{tag}', () => {
  it('offers it for this photo no more, and may be repeated', async () => {
    await labelsOf(DOG_BOAT_CAT).keep('remote/7')
    const [photoId, other] = [await publish(), await publish()]
    expect(await Promise.all([dismiss(ann, photoId, 'bOAT'), dismiss(ann, photoId, '#boat')])).toEqual([
      204, 204,
    ])
    expect(await dismiss(ann, photoId, 'boat')).toBe(204)
    expect(await suggested(photoId)).toEqual(['dog'])
    expect(await suggested(other)).toEqual(['dog', 'Boat'])
  })

  it('is refused for what could not be offered, and to others', async () => {
    await labelsOf(DOG_BOAT_CAT).keep('remote/7')
    const photoId = await publish()
    expect(await dismiss(ann, photoId, 'zebra')).toBe(404)
    expect(await dismiss(bob, photoId, 'dog')).toBe(403)
    expect(await dismiss(undefined, photoId, 'dog')).toBe(401)
    expect(await suggested(photoId)).toEqual(['dog', 'Boat'])
  })

  it('leaves nothing of a photo that is erased', async () => {
    await labelsOf(DOG_BOAT_CAT).keep('remote/7')
    const photoId = await publish()
    await dismiss(ann, photoId, 'dog')
    await setPhotoStatus(world.db, photoId, 'deleted')
    await scrubPhoto(world.db.primary, photoId)
    const left = await world.db.primary({
      text: 'SELECT FROM dismissed_tags WHERE photo_id = $1',
      values: [photoId],
    })
    expect(left).toEqual([])
  })
})

describe('the labels of tags', () => {
  it('are embedded once, however many photos come at a time', async () => {
    const labels = labelsOf(DOG_BOAT_CAT)
    await Promise.all([labels.keep('remote/7'), labels.keep('remote/7')])
    await labelsOf(DOG_BOAT_CAT).keep('remote/7')
    expect(asked).toEqual([['dog', 'a boat at sea', 'cat']])
  })

  it('follow the list: what is new or worded anew is embedded', async () => {
    await labelsOf(DOG_BOAT_CAT).keep('remote/7')
    await labelsOf(['dog', 'Boat: cat', 'Hound: dog']).keep('remote/7')
    expect(asked.slice(1)).toEqual([['cat', 'dog']])
    expect((await suggested(await publish())).sort()).toEqual(['Hound', 'dog'])
    await labelsOf([]).keep('remote/7')
    expect(await suggested(await publish())).toEqual([])
  })

  it('go on after an outage where they were', async () => {
    const labels = labelsOf(Array.from({ length: 70 }, (_, n) => `tag${n}`))
    const { answer } = server
    server.answer = (response) => (asked.length === 1 ? answering('away', 503)(response) : answer(response))
    await expect(labels.keep('remote/7')).rejects.toThrow('503')
    server.answer = answer
    await labels.keep('remote/7')
    expect(asked.map(({ length }) => length)).toEqual([64, 6])
  })

  it('are refused of another model than that of the photos', async () => {
    await expect(labelsOf(DOG_BOAT_CAT).keep('remote/8')).rejects.toThrow('changed its model')
  })

  it('come with the first photo that is embedded', async () => {
    const { clients } = world.api
    const file = join(folder, 'labels.txt')
    await writeFile(file, DOG_BOAT_CAT.join('\n'))
    const media = openEmbeddings({ ...clients, config: { ...clients.config, AUTO_TAG_LABELS: file } })
    const photoId = await world.seedPhoto({ ownerId: ann.id })
    const key = `p/${photoId}/1/medium_800.jpeg`
    await clients.objects.put(key, await noisyImage(64, 48).jpeg().toBuffer(), 'image/jpeg')
    await world.db.primary({
      text: `INSERT INTO photo_variants (photo_id, variant, format, object_key, width, height, bytes)
        VALUES ($1, 'medium_800', 'jpeg', $2, 64, 48, 100)`,
      values: [photoId, key],
    })
    await media.embedPhoto(photoId)
    expect(await suggested(photoId)).toEqual(['dog', 'Boat'])
  })
})
