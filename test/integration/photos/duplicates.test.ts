import { createHash, randomBytes } from 'node:crypto'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { inspectOriginal } from '../../../src/infra/image/inspect.ts'
import { placeByLikeness } from '../../../src/services/photos/likeness.ts'
import { blots } from '../../support/factories/pictures.ts'
import { openApiWorld, type ApiWorld, type Json, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await openApiWorld()
})
afterAll(() => world?.close())

const picture = () => blots(640, 480)

async function smaller(original: Buffer): Promise<Buffer> {
  return sharp(original).resize(300).jpeg({ quality: 60 }).toBuffer()
}

/** Publishes a photo of these bytes, placed as validation does. */
async function publish({ id: ownerId }: Person, bytes: Buffer): Promise<PhotoId> {
  const photoId = await world.seedPhoto({ ownerId })
  await place(ownerId, photoId, bytes)
  return photoId
}

async function place(ownerId: Person['id'], photoId: PhotoId, bytes: Buffer): Promise<void> {
  const { sha256, perceptualHash } = await inspectOriginal(bytes, {
    declaredContentType: 'image/jpeg',
    maxBytes: 1_000_000,
    maxPixels: 1_000_000,
  })
  await world.db.transaction(async ({ query }) => {
    await query({
      text: `UPDATE photos SET sha256 = decode($2, 'hex') WHERE photo_id = $1`,
      values: [photoId, sha256],
    })
    await placeByLikeness(query, { photoId, ownerId, sha256, perceptualHash })
  })
  // The list is read on the primary, as after a write of one's own.
}

async function list(person: Person, query = ''): Promise<Json> {
  await world.call('PATCH', '/v1/me', { token: person.token, body: { bio: randomBytes(4).toString('hex') } })
  const answer = await world.call('GET', `/v1/me/duplicates${query}`, { token: person.token })
  expect(answer.status).toBe(200)
  return answer.body
}

/** Of each group, each photo, with the one that it has the same bytes as. */
async function groups(person: Person, query = ''): Promise<[string, string | null][][]> {
  const { items } = await list(person, query)
  return items.map(({ photos }: Json) => photos.map(({ photo, sameFileAs }: Json) => [photo.id, sameFileAs]))
}

describe('GET /me/duplicates', () => {
  it('groups copies and files of the same bytes, and nothing else', async () => {
    const ann = await world.signUp()
    const [one, other] = [await picture(), await picture()]
    const first = await publish(ann, one)
    await publish(ann, other)
    const copy = await publish(ann, await smaller(one))
    const again = await publish(ann, one)
    expect(await groups(ann)).toEqual([
      [
        [first, null],
        [copy, null],
        [again, first],
      ],
    ])
    expect(await groups(ann, '?exact=true')).toEqual([
      [
        [first, null],
        [again, first],
      ],
    ])
  })

  it('never groups photos of different accounts', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const bytes = await picture()
    await publish(ann, bytes)
    await publish(bob, bytes)
    expect(await groups(ann)).toEqual([])
    expect(await groups(bob, '?exact=true')).toEqual([])
  })

  it('leaves out what is in the trash, and groups that end with it', async () => {
    const ann = await world.signUp()
    const bytes = await picture()
    const [first, second] = [await publish(ann, bytes), await publish(ann, bytes)]
    await world.call('DELETE', `/v1/photos/${second}`, { token: ann.token })
    expect(await groups(ann)).toEqual([])
    await world.call('POST', `/v1/photos/${second}/restore`, { token: ann.token })
    expect(await groups(ann)).toEqual([
      [
        [first, null],
        [second, first],
      ],
    ])
  })

  it('groups pictures without features by their bytes alone', async () => {
    const ann = await world.signUp()
    const flat = (background: string) =>
      sharp({ create: { width: 40, height: 30, channels: 3, background } })
        .jpeg()
        .toBuffer()
    const [grey, lighter] = [await flat('#808080'), await flat('#818181')]
    const first = await publish(ann, grey)
    await publish(ann, lighter)
    const second = await publish(ann, grey)
    expect(await groups(ann)).toEqual([
      [
        [first, null],
        [second, first],
      ],
    ])
  })

  it('takes photos of before it along when their bytes arrive again', async () => {
    const ann = await world.signUp()
    const bytes = await picture()
    const old = await publish(ann, bytes)
    // As the migration leaves it.
    await world.db.primary({
      text: `UPDATE photos SET perceptual_hash = NULL, likeness = $2 WHERE photo_id = $1`,
      values: [old, createHash('sha256').update(bytes).digest().readBigInt64BE().toString()],
    })
    const again = await publish(ann, bytes)
    const copy = await publish(ann, await smaller(bytes))
    expect(await groups(ann)).toEqual([
      [
        [old, null],
        [again, old],
        [copy, null],
      ],
    ])
  })

  it('finds copies that are recorded at the same time', async () => {
    const ann = await world.signUp()
    const original = await picture()
    const copies = await Promise.all(
      [95, 80, 70, 60, 50, 40].map((quality) => sharp(original).jpeg({ quality }).toBuffer()),
    )
    const ids = await Promise.all(copies.map(() => world.seedPhoto({ ownerId: ann.id })))
    await Promise.all(ids.map((photoId, i) => place(ann.id, photoId, copies[i]!)))
    const found = await groups(ann)
    expect(found.map((group) => group.map(([photoId]) => photoId).sort())).toEqual([ids.toSorted()])
  })

  it('pages groups by their latest photo, and shows ten photos of each', async () => {
    const ann = await world.signUp()
    const [many, few] = [await picture(), await picture()]
    const shown = [await publish(ann, many)]
    const pair = [await publish(ann, few), await publish(ann, await smaller(few))]
    for (let i = 1; i < 12; i++) shown.push(await publish(ann, many))
    const page = await list(ann, '?limit=1')
    expect(page.items.map(({ count }: Json) => count)).toEqual([12])
    expect(page.items[0].photos.map(({ photo }: Json) => photo.id)).toEqual(shown.slice(0, 10))
    const rest = await list(ann, `?limit=1&cursor=${page.nextCursor}`)
    expect(rest.items[0].photos.map(({ photo }: Json) => photo.id)).toEqual(pair)
    expect(rest.nextCursor).toBeNull()
    const bound = await world.call('GET', `/v1/me/duplicates?exact=true&cursor=${page.nextCursor}`, {
      token: ann.token,
    })
    expect(bound.status).toBe(400)
    const exact = await list(ann, '?exact=true&limit=1')
    expect(exact).toMatchObject({ items: [{ count: 12 }], nextCursor: null })
  })
})
