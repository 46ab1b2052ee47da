import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApiWorld, type ApiWorld, type Json, type Person } from '../support/worlds/api-world.ts'
import { areIndependent, deedsOf, type Cast, type Deed } from './metamorphic-deeds.ts'
import { pathsOf, unordered, viewsOf, type Views } from './metamorphic-views.ts'

/** PROPERTY_RUNS (default 120) tries longer, PROPERTY_SEED repeats a run. */
const RUNS = Math.ceil(Number(process.env.PROPERTY_RUNS ?? 120) / 30)
const SEED = process.env.PROPERTY_SEED
const PARAMETERS = { numRuns: RUNS, endOnFailure: true, ...(SEED ? { seed: Number(SEED) } : {}) }
const TIMEOUT_MS = 60_000 + RUNS * 10_000

let world: ApiWorld
beforeAll(async () => {
  world = await openApiWorld()
})
afterAll(() => world?.close())

async function call(method: string, who: Person, path: string, body?: unknown): Promise<Json> {
  const { status, body: answer } = await world.call(method, `/v1${path}`, { token: who.token, body })
  expect(status, path).toBeLessThan(300)
  return answer
}

async function newCast(): Promise<Cast> {
  const people: Cast['people'] = [await world.signUp(), await world.signUp(), await world.signUp()]
  const [ann, bob] = people
  const photos: { id: string; owner: (typeof people)[number] }[] = []
  for (const owner of [ann, bob]) {
    for (const visibility of ['public', 'followers', 'private'] as const)
      photos.push({ id: await world.seedPhoto({ ownerId: owner.id, visibility }), owner })
  }
  const [first] = photos
  const { comment } = await call('POST', bob, `/photos/${first!.id}/comments`, { text: 'First' })
  const { album } = await call('POST', ann, '/albums', { title: 'Light' })
  await call('PUT', ann, `/albums/${album.id}/members/${bob.username}`, { role: 'contributor' })
  await call('PUT', ann, `/albums/${album.id}/photos/${first!.id}`)
  const { link } = await call('POST', ann, `/albums/${album.id}/share-links`, {})
  return { people, photos, albumId: album.id, commentId: comment.id, token: link.token }
}

/** What everyone sees, and somebody without an account. */
async function look({ people, photos, albumId, commentId, token }: Cast): Promise<Views[]> {
  const paths = pathsOf(world, {
    username: people.map(({ username }) => username),
    photoId: photos.map(({ id }) => id),
    albumId: [albumId],
    commentId: [commentId],
    token: [token],
    tag: ['zürich'],
  })
  return Promise.all([...people, undefined].map((viewer) => viewsOf(world, viewer, paths)))
}

interface Done {
  deed: Deed
  undo: () => Promise<void>
}

async function perform(deeds: readonly Deed[]): Promise<Done[]> {
  const done: Done[] = []
  for (const deed of deeds) {
    const undo = await deed.perform()
    if (undo) done.push({ deed, undo })
  }
  return done
}

async function undo(done: readonly Done[]): Promise<void> {
  for (const one of done.toReversed()) await one.undo()
}

const namesOf = (done: readonly Done[]) => done.map(({ deed }) => `${deed.kind} ${deed.name}`).join('; ')

/** One deed of each kind, in any order. */
const choices = fc.infiniteStream(fc.nat())
function choose(deeds: readonly Deed[], from: fc.Stream<number>): Deed[] {
  const next = () => from.next().value!
  const kinds = [...Map.groupBy(deeds, ({ kind }) => kind).values()]
  return kinds
    .map((ofKind) => ({ deed: ofKind[next() % ofKind.length]!, place: next() }))
    .sort((one, other) => one.place - other.place)
    .map(({ deed }) => deed)
}

describe('what everyone sees', { timeout: TIMEOUT_MS }, () => {
  it('is as it was when things are done and undone', async () => {
    const tried = new Set<string>()
    let kinds = 0
    await fc.assert(
      fc.asyncProperty(choices, async (from) => {
        const cast = await newCast()
        const before = await look(cast)
        const chosen = choose(deedsOf(world, cast), from)
        kinds = chosen.length
        const done = await perform(chosen)
        for (const { deed } of done) tried.add(deed.kind)
        await undo(done)
        expect(await look(cast), namesOf(done)).toEqual(before)
      }),
      PARAMETERS,
    )
    expect(tried.size).toBeGreaterThan(kinds / 2)
  })

  it('does not depend on the order of independent deeds', async () => {
    await fc.assert(
      fc.asyncProperty(choices, async (from) => {
        const cast = await newCast()
        const independent: Deed[] = []
        for (const deed of choose(deedsOf(world, cast), from))
          if (independent.every((other) => areIndependent(deed, other))) independent.push(deed)
        const done = await perform(independent)
        const after = await look(cast)
        await undo(done)
        const reversed = await perform(independent.toReversed())
        expect(namesOf(reversed.toReversed())).toBe(namesOf(done))
        expect(unordered(await look(cast)), namesOf(reversed)).toEqual(unordered(after))
      }),
      PARAMETERS,
    )
  })

  it('is the same of a photo alone, among several and in every list', async () => {
    const cast = await newCast()
    const [ann, bob] = cast.people
    await call('PUT', bob, `/users/${ann.username}/follow`)
    await call('PUT', bob, `/photos/${cast.photos[1]!.id}/like`)
    let compared = 0
    for (const views of await look(cast)) {
      const alone = (id: string) => views[`/v1/photos/${id}`]!
      for (const [path, { body }] of Object.entries(views)) {
        // A link shows everyone what it shows its visitors.
        if (path.startsWith('/v1/share/')) continue
        for (const photo of photosWithin(body)) {
          expect(photo, path).toEqual(alone(photo.id).body.photo)
          compared++
        }
      }
      const several = Object.entries(views).find(([path]) => path.startsWith('/v1/photos?ids='))![1]
      const seen = cast.photos.filter(({ id }) => alone(id).status === 200)
      expect(several.body.items.map(({ id }: Json) => id)).toEqual(seen.map(({ id }) => id))
    }
    expect(compared).toBeGreaterThan(50)
  })

  it('is the same whether an account approves each request or turns public', async () => {
    const cast = await newCast()
    const [ann, ...others] = cast.people
    const ask = async () => {
      await call('PATCH', ann, '/me', { isPrivate: true })
      for (const other of others) await call('PUT', other, `/users/${ann.username}/follow`)
    }
    await ask()
    for (const other of others) await call('PUT', ann, `/me/follow-requests/${other.username}`)
    await call('PATCH', ann, '/me', { isPrivate: false })
    const oneByOne = await look(cast)
    for (const other of others) await call('DELETE', ann, `/me/followers/${other.username}`)
    await ask()
    await call('PATCH', ann, '/me', { isPrivate: false })
    expect(unordered(await look(cast))).toEqual(unordered(oneByOne))
  })
})

function photosWithin(value: Json): Json[] {
  if (typeof value !== 'object' || value === null) return []
  return 'likedByMe' in value ? [value] : Object.values(value as Json[]).flatMap(photosWithin)
}
