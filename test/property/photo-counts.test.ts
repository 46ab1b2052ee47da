import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId } from '../../src/domain/ids.ts'
import { ANONYMOUS, type UserViewer, type Viewer } from '../../src/domain/viewer.ts'
import { VISIBILITIES } from '../../src/domain/visibility.ts'
import { openDelivery } from '../../src/services/delivery/module.ts'
import { createProfiles } from '../../src/services/graph/profiles.ts'
import { createPhotos, type Photos } from '../../src/services/photos/photos.ts'
import { createTrash, type Trash } from '../../src/services/photos/trash.ts'
import { createUploads, type Uploads } from '../../src/services/uploads/claim-and-publish.ts'
import { unlessGone } from './unless-gone.ts'
import { openApiWorld, type ApiWorld, type Person } from '../support/worlds/api-world.ts'

/** Quick by default; PROPERTY_RUNS=1000 is the thorough size, PROPERTY_SEED repeats a run. */
const RUNS = Math.ceil(Number(process.env.PROPERTY_RUNS ?? 120) / 4)
const SEED = process.env.PROPERTY_SEED
const PHOTOS = 5

const visibility = fc.constantFrom(...VISIBILITIES)
const step = fc.oneof(
  fc.record({ do: fc.constant('publish' as const), photo: fc.nat(PHOTOS - 1) }),
  fc.record({ do: fc.constant('edit' as const), photo: fc.nat(PHOTOS - 1), visibility }),
  fc.record({ do: fc.constant('delete' as const), photo: fc.nat(PHOTOS - 1) }),
  fc.record({ do: fc.constant('trash' as const), photo: fc.nat(PHOTOS - 1) }),
  fc.record({ do: fc.constant('restore' as const), photo: fc.nat(PHOTOS - 1) }),
  fc.record({ do: fc.constant('quarantine' as const), photo: fc.nat(PHOTOS - 1) }),
  fc.record({ do: fc.constant('release' as const), photo: fc.nat(PHOTOS - 1) }),
)
const asUser = ({ id }: Person): UserViewer => ({ kind: 'user', userId: id })

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

describe('a profile’s photo count', () => {
  let world: ApiWorld
  let photos: Photos
  let trash: Trash
  let uploads: Uploads
  const profiles = createProfiles()

  beforeAll(async () => {
    world = await openApiWorld()
    const { db, objects } = world.api.clients
    const { outbox } = openDelivery(world.api.clients)
    photos = createPhotos({ db, objects, outbox, fanoutShardThreshold: 1_000 })
    trash = createTrash({ db, outbox, fanoutShardThreshold: 1_000, keptDays: 30 })
    uploads = createUploads({ db, objects, fanoutShardThreshold: 1_000 })
  })
  afterAll(() => world?.close())

  async function take(owner: Person, photoId: PhotoId, { do: what, ...change }: Step): Promise<void> {
    const viewer = asUser(owner)
    const to = (from: string, status: string) =>
      world.db.primary({
        text: 'UPDATE photos SET status = $3, version = version + 1 WHERE photo_id = $1 AND status = $2',
        values: [photoId, from, status],
      })
    const card = () => photos.get(viewer, photoId)
    if (what === 'publish') await uploads.publish(photoId)
    else if (what === 'quarantine') await to('ready', 'quarantined')
    else if (what === 'release') await to('quarantined', 'ready')
    else if (what === 'delete') await photos.delete(await card())
    else if (what === 'trash') await trash.put(await card())
    else if (what === 'restore') await trash.restore(await trash.find(viewer, photoId))
    else if ('visibility' in change) {
      await photos.update(await card(), { visibility: change.visibility }, undefined)
    }
  }

  const shown = async (viewer: Viewer, owner: Person) =>
    (await profiles.get({ viewer, query: world.db.primary, readYourWrites: true }, owner.username)).photoCount

  it('equals the photos that the viewer may see after concurrent changes', async () => {
    const follower = await world.signUp()
    const stories = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(stories, async (rounds) => {
        const owner = await world.signUp()
        await world.call('PUT', `/v1/users/${owner.username}/follow`, { token: follower.token })
        const ids: PhotoId[] = []
        for (let n = 0; n < PHOTOS; n++)
          ids.push(await world.seedPhoto({ ownerId: owner.id, status: 'processing' }))
        for (const round of rounds) {
          // Steps of a round run at once: some of them at the same photo.
          await Promise.all(round.map((one) => unlessGone(take(owner, ids[one.photo]!, one))))
          const [rows] = await world.db.primary<{ all: number; followers: number; public: number }>({
            text: `SELECT count(*)::int AS all,
                count(*) FILTER (WHERE visibility <> 'private')::int AS followers,
                count(*) FILTER (WHERE visibility = 'public')::int AS public
              FROM photos WHERE owner_id = $1 AND status = 'ready'`,
            values: [owner.id],
          })
          expect(await shown(asUser(owner), owner)).toBe(rows!.all)
          expect(await shown(asUser(follower), owner)).toBe(rows!.followers)
          expect(await shown(ANONYMOUS, owner)).toBe(rows!.public)
        }
      }),
      { numRuns: RUNS, ...(SEED ? { seed: Number(SEED) } : {}) },
    )
  })
})
