import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { EmbeddingSliceInput, EmbeddingSliceResult } from '../../../src/contracts/library-embedding.ts'
import type { PhotoId } from '../../../src/domain/ids.ts'
import type { LibraryEmbedder } from '../../../src/services/embeddings/embed-library.ts'
import { openEmbeddings } from '../../../src/services/embeddings/module.ts'
import { noisyImage } from '../../support/factories/images.ts'
import {
  answering,
  startClassifierServer,
  type ClassifierServer,
} from '../../support/servers/classifier-server.ts'
import { measured } from '../../support/metrics.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let server: ClassifierServer
let world: ApiWorld
let library: LibraryEmbedder
let ann: Person
/** Three photos in the order of their ids. */
let photos: PhotoId[]
/** How often the service was posted a picture. */
let pictures: number
let version: string

beforeAll(async () => {
  server = await startClassifierServer()
  world = await openApiWorld({ EMBEDDING_URL: server.url, EMBEDDING_NETWORKS: '127.0.0.0/8,::1/128' })
  library = openEmbeddings(world.api.clients).library
  ann = await world.signUp()
})
afterAll(async () => {
  await world?.close()
  await server?.close()
})

const keyOf = (photoId: PhotoId) => `p/${photoId}/1/medium_800.jpeg`
const picture = noisyImage(64, 48).jpeg().toBuffer()

beforeEach(async () => {
  await world.db.primary({ text: 'DELETE FROM photos' })
  photos = []
  for (let n = 0; n < 3; n++) {
    const photoId = await world.seedPhoto({ ownerId: ann.id })
    await world.api.clients.objects.put(keyOf(photoId), await picture, 'image/jpeg')
    await world.db.primary({
      text: `INSERT INTO photo_variants (photo_id, variant, format, object_key, width, height, bytes)
        VALUES ($1, 'medium_800', 'jpeg', $2, 64, 48, 100)`,
      values: [photoId, keyOf(photoId)],
    })
    photos.push(photoId)
  }
  photos.sort()
  pictures = 0
  version = '7'
  server.answer = answer
})

const answer: ClassifierServer['answer'] = (response) => {
  if (server.received.at(-1)!.headers['content-type'] === 'image/jpeg') pictures++
  answering({ model: 'remote', version, vectors: [[0.5, -1]] })(response)
}

async function run(
  input: Partial<EmbeddingSliceInput> = {},
  onReached: (reached: EmbeddingSliceResult) => void = () => undefined,
): Promise<EmbeddingSliceResult> {
  const signal = new AbortController().signal
  const whole = { model: 'remote/7', maxPhotos: 100, ...input }
  return library.slice(whole, { maxMs: 60_000, onReached, signal })
}

const embed = (photoId: PhotoId, model: string) =>
  world.db.primary({
    text: `INSERT INTO photo_embeddings (photo_id, model, vector) VALUES ($1, $2, '\\x01')`,
    values: [photoId, model],
  })

const models = async () =>
  (
    await world.db.primary<{ model: string }>({
      text: 'SELECT model FROM photo_embeddings ORDER BY photo_id',
    })
  ).map(({ model }) => model)

describe('an embedding of the library', () => {
  it('begins with the present model and the number of photos', async () => {
    expect(await library.survey()).toEqual({ model: 'remote/7', photos: 3 })
  })

  it('embeds photos without a vector or of a former model, once', async () => {
    await embed(photos[0]!, 'remote/6')
    await embed(photos[1]!, 'remote/7')
    expect(await run()).toEqual({
      after: photos[2],
      isAtEnd: true,
      tally: { seen: 3, embedded: 2, strayed: 0, failed: 0, failures: [] },
    })
    expect(await models()).toEqual(['remote/7', 'remote/7', 'remote/7'])
    expect((await run()).tally).toMatchObject({ seen: 3, embedded: 0 })
    expect(pictures).toBe(2)
  })

  it('leaves photos that were never published, or are deleted', async () => {
    await world.db.primary({
      text: `UPDATE photos SET status = 'deleted' WHERE photo_id = $1`,
      values: [photos[0]],
    })
    await world.seedPhoto({ ownerId: ann.id, status: 'processing' })
    expect((await run()).tally).toEqual({
      seen: 4,
      embedded: 2,
      strayed: 0,
      failed: 0,
      failures: [],
    })
  })

  it('takes as many photos as it may, and goes on after them', async () => {
    const first = await run({ maxPhotos: 1 })
    expect(first).toMatchObject({ after: photos[0], isAtEnd: false, tally: { embedded: 1 } })
    expect(await run({ after: first.after })).toMatchObject({
      isAtEnd: true,
      tally: { seen: 2, embedded: 2 },
    })
  })

  it('names photos that cannot be embedded, and goes on', async () => {
    await world.api.clients.objects.put(keyOf(photos[0]!), Buffer.from('no picture'), 'image/jpeg')
    await world.api.clients.objects.delete([keyOf(photos[1]!)])
    const { tally } = await run()
    expect(tally).toMatchObject({
      seen: 3,
      embedded: 1,
      failed: 2,
      failures: [{ photoId: photos[0] }, { photoId: photos[1], code: 'picture_missing' }],
    })
  })

  it('fails while the service is away, and continues where it was', async () => {
    const reached: EmbeddingSliceResult[] = []
    server.answer = (response) => (pictures === 1 ? answering('away', 503)(response) : answer(response))
    await expect(run({}, (slice) => reached.push(slice))).rejects.toThrow('503')
    expect(reached.at(-1)).toMatchObject({ after: photos[0], tally: { embedded: 1 } })
    server.answer = answer
    expect((await run({ after: photos[0] })).tally).toMatchObject({ embedded: 2 })
  })

  it('goes on when the service has another model, and counts its photos', async () => {
    await run({ maxPhotos: 1 })
    version = '8'
    const before = await measured('darkroom_library_embedding_strays_total')
    expect(await run({ after: photos[0] })).toMatchObject({
      isAtEnd: true,
      tally: { seen: 2, embedded: 2, strayed: 2 },
    })
    expect((await measured('darkroom_library_embedding_strays_total')) - before).toBe(2)
    expect(await models()).toEqual(['remote/7', 'remote/8', 'remote/8'])
    // Once more by that model, those that it has embedded already are passed over.
    expect((await run({ model: 'remote/8' })).tally).toMatchObject({ seen: 3, embedded: 1, strayed: 0 })
    expect(await models()).toEqual(['remote/8', 'remote/8', 'remote/8'])
  })

  it('is refused where the settings name no service', async () => {
    const { library: none } = openEmbeddings({ ...world.api.clients, embedder: undefined })
    await expect(none.survey()).rejects.toMatchObject({ code: 'invalid' })
  })
})
