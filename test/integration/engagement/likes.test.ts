import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId } from '../../../src/domain/ids.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'
import { openGraphWorld, type GraphWorld } from '../../support/worlds/graph-world.ts'

let world: GraphWorld
let owner: Person
let ann: Person
let bob: Person

beforeAll(async () => {
  world = await openGraphWorld()
  owner = await world.signUp()
  ann = await world.signUp()
  bob = await world.signUp()
})
afterAll(() => world?.close())

const ABSENT = '01a2036c-aeb9-7176-8322-8600c64a45cb'
const like = (person: Person, photoId: PhotoId) =>
  world.call('PUT', `/v1/photos/${photoId}/like`, { token: person.token })
const unlike = (person: Person, photoId: PhotoId) =>
  world.call('DELETE', `/v1/photos/${photoId}/like`, { token: person.token })
const likesOf = (photoId: PhotoId, viewer?: Person, query = '') =>
  world.call('GET', `/v1/photos/${photoId}/likes${query}`, { token: viewer?.token })
const photo = (photoId: PhotoId, viewer?: Person, headers: Record<string, string> = {}) =>
  world.call('GET', `/v1/photos/${photoId}`, { token: viewer?.token, headers })
const newPhoto = () => world.seedPhoto({ ownerId: owner.id })
const names = (page: Json) => page.body.items.map(({ username }: Person) => username)

describe('a like', () => {
  it('counts once, however often it is given', async () => {
    const id = await newPhoto()
    for (let n = 0; n < 3; n++) expect((await like(ann, id)).status).toBe(204)
    expect((await photo(id, ann)).body.photo).toMatchObject({ likeCount: 1, likedByMe: true })
    expect((await photo(id, bob)).body.photo).toMatchObject({ likeCount: 1, likedByMe: false })
    expect((await photo(id)).body.photo).toMatchObject({ likeCount: 1, likedByMe: false })
    for (let n = 0; n < 3; n++) expect((await unlike(ann, id)).status).toBe(204)
    expect((await photo(id, ann)).body.photo).toMatchObject({ likeCount: 0, likedByMe: false })
  })

  it('changes the ETag of every answer that shows it, and no version', async () => {
    const id = await newPhoto()
    const before = await photo(id, ann)
    const profile = () =>
      world.call('GET', `/v1/users/${owner.username}/photos?limit=1`, { token: ann.token })
    const listBefore = await expectEventually(profile, ({ body }) => body.items[0]?.id === id)
    await like(ann, id)
    const headers = { 'If-None-Match': before.headers.get('ETag')! }
    const after = await photo(id, ann, headers)
    expect(after).toMatchObject({ status: 200, body: { photo: { likeCount: 1, likedByMe: true } } })
    const list = await world.call('GET', `/v1/users/${owner.username}/photos?limit=1`, {
      token: ann.token,
      headers: { 'If-None-Match': listBefore.headers.get('ETag')! },
    })
    expect(list).toMatchObject({ status: 200, body: { items: [{ id, likeCount: 1, likedByMe: true }] } })
    const edit = { token: owner.token, body: { caption: 'liked' } }
    const match = { 'If-Match': before.headers.get('ETag')! }
    expect((await world.call('PATCH', `/v1/photos/${id}`, { ...edit, headers: match })).status).toBe(200)
    const swapped = (await photo(id, ann)).headers.get('ETag')!
    await unlike(ann, id)
    await like(bob, id)
    expect((await photo(id, ann, { 'If-None-Match': swapped })).body.photo).toMatchObject({
      likeCount: 1,
      likedByMe: false,
    })
  })

  it('shows in the feed of the viewer at once', async () => {
    const [author, reader] = [await world.signUp(), await world.signUp()]
    await world.follow(reader, author)
    const id = await world.seedPhoto({ ownerId: author.id })
    await like(reader, id)
    const feed = await world.call('GET', '/v1/feed', { token: reader.token })
    expect(feed.body.items).toMatchObject([{ id, likeCount: 1, likedByMe: true }])
  })

  it('needs an account, and a photo that the account sees', async () => {
    expect((await world.call('PUT', `/v1/photos/${ABSENT}/like`)).status).toBe(401)
    const hidden = await world.seedPhoto({ ownerId: owner.id, visibility: 'private' })
    const before = await world.rowCounts()
    for (const request of [like, unlike, (person: Person, id: string) => likesOf(id, person)]) {
      const answers = await Promise.all(
        [hidden, ABSENT].map(async (id) => {
          const { status, body } = await request(ann, id)
          return { status, ...body, requestId: '' }
        }),
      )
      expect(answers[0]).toEqual(answers[1])
      expect(answers[0]).toMatchObject({ status: 404, code: 'not_found' })
    }
    expect(await world.rowCounts()).toEqual(before)
  })
})

describe('the list of likes', () => {
  it('has the latest first and pages to the end', async () => {
    const id = await newPhoto()
    const people = [ann, bob, owner, await world.signUp()]
    for (const person of people) await like(person, id)
    const expected = people.map(({ username }) => username).reverse()
    await expectEventually(
      () => likesOf(id),
      (page) => names(page).length === 4,
    )
    expect(names(await likesOf(id))).toEqual(expected)
    const first = await likesOf(id, undefined, '?limit=3')
    expect(names(first)).toEqual(expected.slice(0, 3))
    const rest = await likesOf(id, undefined, `?limit=3&cursor=${first.body.nextCursor}`)
    expect(names(rest)).toEqual(expected.slice(3))
    expect(rest.body.nextCursor).toBeNull()
    const other = await newPhoto()
    const elsewhere = () => likesOf(other, undefined, `?cursor=${first.body.nextCursor}`)
    await expect.poll(async () => (await elsewhere()).body.code).toBe('bad_cursor')
  })

  it('leaves out suspended accounts and those behind a block; counts do not', async () => {
    const id = await newPhoto()
    const [suspended, blocker, blocked] = [await world.signUp(), await world.signUp(), await world.signUp()]
    for (const person of [suspended, blocker, blocked, ann]) await like(person, id)
    await world.setStatus(suspended, 'suspended')
    await world.block(blocker, ann)
    await world.block(ann, blocked)
    expect(names(await likesOf(id, ann))).toEqual([ann.username])
    expect(names(await likesOf(id))).toEqual([ann.username, blocked.username, blocker.username])
    expect((await photo(id, ann)).body.photo.likeCount).toBe(4)
  })
})

describe('likes at the same moment', () => {
  it('of one account count once, and like against unlike ends in either', async () => {
    const id = await newPhoto()
    await Promise.all(Array.from({ length: 20 }, () => like(ann, id)))
    expect((await photo(id, ann)).body.photo).toMatchObject({ likeCount: 1, likedByMe: true })
    await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 ? like : unlike)(ann, id)))
    const { likeCount, likedByMe } = (await photo(id, ann)).body.photo
    expect(likeCount).toBe(likedByMe ? 1 : 0)
  })

  it('of many accounts count each', async () => {
    const id = await newPhoto()
    const people = await Promise.all(Array.from({ length: 20 }, () => world.signUp()))
    await Promise.all(people.map((person) => like(person, id)))
    expect((await photo(id, ann)).body.photo.likeCount).toBe(20)
  })
})

/** Replicas are a moment behind on what was added. */
async function expectEventually(read: () => Promise<Json>, holds: (answer: Json) => boolean): Promise<Json> {
  let answer: Json
  await expect.poll(async () => holds((answer = await read()))).toBe(true)
  return answer
}
