import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openAlbumWorld, type AlbumWorld } from '../../support/worlds/album-world.ts'
import type { Person } from '../../support/worlds/api-world.ts'

/** RACE_ROUNDS=1000 is the thorough size; RACE_SEED repeats a run. */
const ROUNDS = Number(process.env.RACE_ROUNDS ?? 40)
const SEED = Number(process.env.RACE_SEED ?? Math.floor(Math.random() * 2 ** 31))
const ACCOUNTS = 3
const ALBUMS = 2
const PHOTOS_EACH = 2

let world: AlbumWorld
beforeAll(async () => {
  world = await openAlbumWorld()
})
afterAll(() => world?.close())

const remove = (who: Person, path: string) => world.call('DELETE', `/v1${path}`, { token: who.token })
const seedPhotos = (owner: Person, count: number) =>
  Promise.all(
    Array.from({ length: count }, () => world.seedPhoto({ ownerId: owner.id, visibility: 'private' })),
  )

async function shared(): Promise<{ ann: Person; bob: Person; cyd: Person; albumId: string }> {
  const [ann, bob, cyd] = (await world.people(3)) as [Person, Person, Person]
  const albumId = await world.album(ann)
  await world.invite(ann, albumId, bob, 'contributor')
  await world.invite(ann, albumId, cyd, 'contributor')
  return { ann, bob, cyd, albumId }
}

describe('at the same moment', () => {
  it('two contributors add photos, and none is lost', async () => {
    const { ann, bob, cyd, albumId } = await shared()
    const [bobs, cyds] = [await seedPhotos(bob, 8), await seedPhotos(cyd, 8)]
    const added = await Promise.all([
      ...bobs.map((photoId, index) => world.add(bob, albumId, photoId, index % 2 ? 0 : undefined)),
      ...cyds.map((photoId, index) => world.add(cyd, albumId, photoId, index % 2 ? 1 : undefined)),
    ])
    expect(new Set(added)).toEqual(new Set([204]))
    expect([...(await world.photosIn(ann, albumId, 3))!].sort()).toEqual([...bobs, ...cyds].sort())
    expect(await world.albumContradictions()).toEqual([])
  })

  it('one photo is put several times, and is there once', async () => {
    const { ann, bob, albumId } = await shared()
    const [photoId] = await seedPhotos(bob, 1)
    const put = await Promise.all(
      [undefined, 0, 5, undefined].map((at) => world.add(bob, albumId, photoId!, at)),
    )
    expect(put).toEqual([204, 204, 204, 204])
    expect(await world.photosIn(ann, albumId)).toEqual([photoId])
    expect(await world.seen(ann, albumId)).toMatchObject({ photoCount: 1 })
  })

  it('a member becomes owner or is removed, not both', async () => {
    for (let round = 0; round < 8; round++) {
      const { ann, bob, cyd, albumId } = await shared()
      await world.invite(ann, albumId, cyd, 'admin')
      const [transferred, expelled] = await Promise.all([
        world.transfer(ann, albumId, bob),
        world.expel(cyd, albumId, bob),
      ])
      expect([
        [200, 403],
        [422, 204],
      ]).toContainEqual([transferred, expelled])
      expect(await world.albumContradictions()).toEqual([])
    }
  })

  it('an album is deleted while photos and members are added', async () => {
    for (let round = 0; round < 5; round++) {
      const { ann, bob, albumId } = await shared()
      const [guest] = await world.people(1)
      const photoIds = await seedPhotos(bob, 4)
      const [deleted, ...others] = await Promise.all([
        remove(ann, `/albums/${albumId}`).then(({ status }) => status),
        ...photoIds.map((photoId) => world.add(bob, albumId, photoId)),
        world.invite(ann, albumId, guest!),
        world.leave(bob, albumId),
      ])
      expect(deleted).toBe(204)
      expect(others.every((status) => [200, 204, 403, 404].includes(status))).toBe(true)
      expect(await world.seen(ann, albumId)).toBeUndefined()
      expect(await world.ids(guest!, '/me/albums')).toEqual([])
    }
  })

  it('a photo is deleted or narrowed while it is added to albums', async () => {
    for (let round = 0; round < 5; round++) {
      const [ann, member] = await world.people(2)
      const albumIds = await Promise.all([1, 2, 3].map(() => world.album(ann!)))
      for (const albumId of albumIds) await world.invite(ann!, albumId, member!)
      const [deleted, narrowed] = [
        await world.seedPhoto({ ownerId: ann!.id }),
        await world.seedPhoto({ ownerId: ann!.id }),
      ]
      await Promise.all([
        remove(ann!, `/photos/${deleted}`),
        world.editPhoto(ann!, narrowed, { visibility: 'private' }),
        ...albumIds.flatMap((albumId) => [
          world.add(ann!, albumId, deleted),
          world.add(ann!, albumId, narrowed),
        ]),
      ])
      expect(await world.albumContradictions()).toEqual([])
      for (const albumId of albumIds) expect(await world.photosIn(ann!, albumId)).toEqual([narrowed])
    }
  })

  it('an account is invited and blocks the owner, and is not a member then', async () => {
    for (let round = 0; round < 8; round++) {
      const [ann, bob] = await world.people(2)
      const albumId = await world.album(ann!)
      const [invited, blocked] = await Promise.all([
        world.invite(ann!, albumId, bob!),
        world.block(bob!, ann!),
      ])
      expect([200, 404]).toContain(invited)
      expect(blocked).toBe(204)
      expect(await world.albumContradictions()).toEqual([])
    }
  })
})

const account = fc.nat({ max: ACCOUNTS - 1 })
const album = fc.nat({ max: ALBUMS - 1 })
const photo = fc.nat({ max: ACCOUNTS * PHOTOS_EACH - 1 })
const request = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ act: fc.constant('add' as const), album, photo, position: fc.option(fc.nat(4)) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constantFrom('take back' as const, 'remove' as const),
      who: account,
      album,
      photo,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constantFrom('invite' as const, 'expel' as const, 'transfer' as const),
      who: account,
      whom: account,
      album,
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('leave' as const), who: account, album }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constantFrom('block' as const, 'unblock' as const),
      who: account,
      whom: account,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('narrow or widen' as const),
      photo,
      visibility: fc.constantFrom('public', 'followers', 'private'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('like' as const), who: account, photo }) },
)
type Request = typeof request extends fc.Arbitrary<infer Value> ? Value : never

describe('requests about the same albums at once', () => {
  it(
    `leave no contradiction and never wait in a circle, seed ${SEED}`,
    async () => {
      const people = await world.people(ACCOUNTS)
      const albumIds = await Promise.all(
        Array.from({ length: ALBUMS }, (_, n) => world.album(people[n]!, { visibility: 'public' })),
      )
      const photos: { owner: Person; photoId: string }[] = []
      for (const owner of people) {
        for (const photoId of await seedPhotos(owner, PHOTOS_EACH)) photos.push({ owner, photoId })
      }
      const send = async (one: Request): Promise<number> => {
        switch (one.act) {
          case 'add': {
            const { owner, photoId } = photos[one.photo]!
            return world.add(owner, albumIds[one.album]!, photoId, one.position ?? undefined)
          }
          case 'take back':
            return world.remove(photos[one.photo]!.owner, albumIds[one.album]!, photos[one.photo]!.photoId)
          case 'remove':
            return world.remove(people[one.who]!, albumIds[one.album]!, photos[one.photo]!.photoId)
          case 'invite':
            return world.invite(people[one.who]!, albumIds[one.album]!, people[one.whom]!, 'admin')
          case 'expel':
          case 'transfer':
            return world[one.act](people[one.who]!, albumIds[one.album]!, people[one.whom]!)
          case 'leave':
            return world.leave(people[one.who]!, albumIds[one.album]!)
          case 'block':
          case 'unblock':
            return world[one.act](people[one.who]!, people[one.whom]!)
          case 'narrow or widen': {
            const { owner, photoId } = photos[one.photo]!
            const { status } = await world.call('PATCH', `/v1/photos/${photoId}`, {
              token: owner.token,
              body: { visibility: one.visibility },
            })
            return status
          }
          case 'like': {
            const path = `/v1/photos/${photos[one.photo]!.photoId}/like`
            return (await world.call('PUT', path, { token: people[one.who]!.token })).status
          }
        }
      }
      const rounds = fc.sample(fc.array(request, { minLength: 10, maxLength: 20 }), {
        numRuns: ROUNDS,
        seed: SEED,
      })
      for (const round of rounds) {
        const statuses = await Promise.all(round.map(send))
        // A transaction that Postgres gives up because it waits in a circle is answered with 503.
        expect(statuses.filter((status) => status >= 500)).toEqual([])
        expect(await world.albumContradictions()).toEqual([])
      }
    },
    60_000 + ROUNDS * 2_000,
  )
})
