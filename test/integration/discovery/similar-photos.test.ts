import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { makePrivate, setAccountStatus } from '../../support/factories/accounts.ts'
import { block } from '../../support/factories/blocks-and-mutes.ts'
import type { BuildPhotoOptions } from '../../support/factories/photos.ts'
import { settle } from '../../support/replica.ts'
import type { Person } from '../../support/worlds/api-world.ts'
import { openGraphWorld, type GraphWorld } from '../../support/worlds/graph-world.ts'

let world: GraphWorld
beforeAll(async () => {
  world = await openGraphWorld()
})
afterAll(() => world?.close())

const freshHash = () => randomBytes(8).readBigInt64BE()
/** The hash with these bits changed. */
const changed = (hash: bigint, ...bits: number[]) =>
  BigInt.asIntN(
    64,
    bits.reduce((all, bit) => all ^ (1n << BigInt(bit)), hash),
  )

async function publish(
  owner: Person,
  hash: bigint | null,
  options: BuildPhotoOptions = {},
): Promise<PhotoId> {
  const photoId = await world.seedPhoto({ ownerId: owner.id, ...options })
  await world.db.primary({
    text: 'UPDATE photos SET perceptual_hash = $2::bigint, likeness = coalesce($2::bigint, 1) WHERE photo_id = $1',
    values: [photoId, hash?.toString() ?? null],
  })
  return photoId
}

/** Ids and distances, on pages of two. */
async function similar(photoId: PhotoId, who?: Person, among = 'public'): Promise<[PhotoId, number][]> {
  await settle(world.db)
  const found: [PhotoId, number][] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const at: string = cursor === '' ? '' : `&cursor=${cursor}`
    const { status, body } = await world.call(
      'GET',
      `/v1/photos/${photoId}/similar?among=${among}&limit=2${at}`,
      { token: who?.token },
    )
    expect(status).toBe(200)
    found.push(...body.items.map(({ id, distance }: { id: PhotoId; distance: number }) => [id, distance]))
    cursor = body.nextCursor
  }
  return found
}

describe('GET /photos/:photoId/similar', () => {
  it('lists public photos, those that look most like it first', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const hash = freshHash()
    const photoId = await publish(ann, hash)
    const far = await publish(bob, changed(hash, 0, 1, 2, 20, 21, 22, 40, 41, 42, 43))
    const near = await publish(bob, changed(hash, 63, 47, 31, 15))
    const same = await publish(bob, hash)
    const again = await publish(bob, hash)
    await publish(bob, changed(hash, ...Array.from({ length: 12 }, (_, bit) => bit)))
    await publish(bob, null)
    const expected = [
      [same, 0],
      [again, 0],
      [near, 4],
      [far, 10],
    ]
    expect(await similar(photoId)).toEqual(expected)
    expect(await similar(photoId, ann)).toEqual(expected)
  })

  it('lists of its own owner’s photos all, of others’ only what all see', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const hash = freshHash()
    const subject = await publish(bob, hash)
    const own = await publish(ann, changed(hash, 1, 2), { visibility: 'private' })
    const copies = [await publish(ann, changed(hash, 1, 2)), await publish(ann, changed(hash, 3, 4, 5, 6))]
    await publish(bob, hash, { visibility: 'followers' })
    await publish(bob, hash, { visibility: 'private' })
    await publish(bob, hash, { status: 'quarantined' })
    await world.follow(ann, bob)
    expect(await similar(subject, ann, 'own')).toEqual([
      [own, 2],
      [copies[0], 2],
      [copies[1], 4],
    ])
    expect(await similar(copies[0]!, ann)).toEqual([[subject, 2]])
    expect(await similar(subject, undefined, 'own')).toEqual([])
  })

  it.each([
    ['sensitive', 'UPDATE photos SET sensitive = true WHERE owner_id = $1'],
    ['limited', 'UPDATE photos SET limited_at = now() WHERE owner_id = $1'],
    ['of a hidden account', 'UPDATE users SET hidden_from_explore = true WHERE user_id = $1'],
  ])('leaves out photos that are %s, at once', async (_, text) => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const hash = freshHash()
    const photoId = await publish(ann, hash)
    await publish(bob, hash)
    expect(await similar(photoId)).toHaveLength(1)
    await world.db.primary({ text, values: [bob.id] })
    expect(await similar(photoId)).toEqual([])
  })

  it.each([
    ['private', (bob: Person) => makePrivate(world.db, bob.id)],
    ['suspended', (bob: Person) => setAccountStatus(world.db, bob.id, 'suspended')],
    ['blocked', (bob: Person, ann: Person) => block(world.db, ann.id, bob.id)],
    ['blocking', (bob: Person, ann: Person) => block(world.db, bob.id, ann.id)],
  ])('leaves out photos of accounts that are %s, at once', async (_, narrow) => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const hash = freshHash()
    const photoId = await publish(ann, hash)
    await publish(bob, hash)
    expect(await similar(photoId, ann)).toHaveLength(1)
    await narrow(bob, ann)
    expect(await similar(photoId, ann)).toEqual([])
  })

  it('answers alike for a hidden and an absent photo', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const hidden = await publish(bob, freshHash(), { visibility: 'private' })
    const answers = []
    for (const photoId of [hidden, '0199a1b2-d4e5-7f60-9b7c-8d9e0f1a2b3c'])
      answers.push(await world.call('GET', `/v1/photos/${photoId}/similar`, { token: ann.token }))
    const [one, other] = answers.map(({ status, body }) => ({ status, code: body.code, detail: body.detail }))
    expect(one).toMatchObject({ status: 404, code: 'not_found' })
    expect(other).toEqual(one)
  })

  it('is empty for a photo that has nothing to be recognised by', async () => {
    const ann = await world.signUp()
    const photoId = await publish(ann, null)
    await publish(await world.signUp(), null)
    expect(await similar(photoId)).toEqual([])
    expect(await similar(photoId, ann, 'own')).toEqual([])
  })

  it('finds the parts of hashes in their indexes', async () => {
    const parts = ['h & 65535', 'h >> 16 & 65535', 'h >> 32 & 65535', 'h >> 48 & 65535']
    const isOne = parts
      .map((part) => `${part.replace('h', 'perceptual_hash')} = ANY ($1::bigint[])`)
      .join(' OR ')
    const plan = await world.db.transaction(async ({ query }) => {
      await query({ text: 'SET LOCAL enable_seqscan = off' })
      return query<{ 'QUERY PLAN': string }>({
        text: `EXPLAIN SELECT photo_id FROM photos WHERE ${isOne}`,
        values: [[1, 2]],
      })
    })
    const text = plan.map((row) => row['QUERY PLAN']).join('\n')
    for (const band of [0, 1, 2, 3]) expect(text).toContain(`photos_band_${band}_idx`)
  })
})
