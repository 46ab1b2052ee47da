import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPhotoIndex } from '../../../src/infra/opensearch/photo-index.ts'
import { photosAlias } from '../../../src/infra/opensearch/versions.ts'
import { suspendAccount } from '../../../src/services/moderation/measures/account.ts'
import { createSearchIndex } from '../../../src/services/search/search-index.ts'
import { follow } from '../../support/factories/follows.ts'
import { settle } from '../../support/replica.ts'
import { openApiWorld, type ApiWorld, type Json, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await openApiWorld({ RATE_LIMITS: 'true' })
})
afterAll(() => world?.close())

const call = (who: Person | undefined, method: string, path: string, body?: unknown) =>
  world.call(method, `/v1${path}`, { token: who?.token, ...(body === undefined ? {} : { body }) })

async function must(who: Person, method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await call(who, method, path, body)
  expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300)
  return answer.body
}

const deactivate = (who: Person, password = who.password) => call(who, 'POST', '/me/deactivate', { password })

/** Signs in and goes on with the new tokens. */
async function comeBack(who: Person): Promise<Person> {
  const { body, status } = await call(undefined, 'POST', '/sessions', {
    username: who.username,
    password: who.password,
  })
  expect(status).toBe(201)
  return { ...who, token: body.accessToken, refreshToken: body.refreshToken }
}

async function statusOf({ id }: Person) {
  const [row] = await world.db.primary<{ status: string; epoch: number; owed: boolean }>({
    text: `SELECT status, access_epoch AS epoch,
        EXISTS (SELECT FROM retractions WHERE subject = 'account/' || user_id AND min_epoch = access_epoch) AS owed
      FROM users WHERE user_id = $1`,
    values: [id],
  })
  return row!
}

async function owedTo({ id }: Person): Promise<string[]> {
  const rows = await world.db.primary<{ kind: string }>({
    text: `SELECT kind FROM outbox WHERE payload ->> 'userId' = $1 ORDER BY outbox_id`,
    values: [id],
  })
  return rows.map(({ kind }) => kind)
}

/** What others see of Ann, by where they see it. */
async function annAndHerViews() {
  const [ann, bob, cleo] = [await world.signUp(), await world.signUp(), await world.signUp()]
  const tag = `t${randomBytes(8).toString('hex')}`
  await follow(world.db, bob.id, ann.id)
  await follow(world.db, ann.id, bob.id)
  const open = await world.seedPhoto({ ownerId: ann.id, caption: `#${tag}`, hasVariants: true })
  const close = await world.seedPhoto({ ownerId: ann.id, visibility: 'followers', caption: `#${tag}` })
  const bobs = await world.seedPhoto({ ownerId: bob.id })
  await must(ann, 'PUT', `/photos/${bobs}/like`)
  const { comment } = await must(ann, 'POST', `/photos/${bobs}/comments`, { text: 'Fog.' })
  await must(cleo, 'POST', `/photos/${bobs}/comments`, { text: 'So much of it.', parentId: comment.id })
  const { album } = await must(ann, 'POST', '/albums', { title: 'Harbour', coverPhotoId: open })
  await must(ann, 'PUT', `/albums/${album.id}/members/${bob.username}`, { role: 'contributor' })
  const { link } = await must(ann, 'POST', `/albums/${album.id}/share-links`, {})
  const bobsAlbum = (await must(bob, 'POST', '/albums', { title: 'Piers' })).album
  await must(bob, 'PUT', `/albums/${bobsAlbum.id}/members/${ann.username}`, { role: 'contributor' })
  await must(ann, 'PUT', `/albums/${bobsAlbum.id}/photos/${open}`)

  const { openSearch, config } = world.api.clients
  const prefix = config.OPENSEARCH_INDEX_PREFIX
  const index = createSearchIndex({
    index: createPhotoIndex(openSearch, prefix),
    primary: world.db.primary,
  })
  for (const photoId of [open, close]) await index.indexPhoto(photoId)
  await openSearch.indices.refresh({ index: photosAlias(prefix) })
  await settle(world.db)

  const items = (who: Person | undefined, path: string, of: (item: Json) => string) => async () => {
    const { status, body } = await call(who, 'GET', path)
    return status === 200 ? (body.items ?? []).map(of).sort() : `${status}`
  }
  const one = (who: Person | undefined, path: string) => async () =>
    (await call(who, 'GET', path)).status === 200 ? 'seen' : 'absent'
  const byId = ({ id }: Json) => id
  const byName = ({ username }: Json) => username
  const facets = async () =>
    (await call(bob, 'GET', `/search/photos?q=%23${tag}&facets=tags`)).body.facets.tags
  const views: Record<string, () => Promise<unknown>> = {
    profile: one(cleo, `/users/${ann.username}`),
    photo: one(undefined, `/photos/${open}`),
    'photo for followers': one(bob, `/photos/${close}`),
    'photos of a profile': items(bob, `/users/${ann.username}/photos`, byId),
    feed: items(bob, '/feed', byId),
    tag: items(undefined, `/tags/${tag}/photos`, byId),
    search: items(bob, `/search/photos?q=%23${tag}`, byId),
    facets,
    'search of accounts': items(cleo, `/search/users?q=${ann.username}`, byName),
    'suggested tags': async () => (await call(cleo, 'GET', `/search/suggest?q=${tag}`)).body.tags,
    'suggested accounts': async () =>
      (await call(cleo, 'GET', `/search/suggest?q=${ann.username}`)).body.users.map(byName),
    followers: items(cleo, `/users/${bob.username}/followers`, byName),
    following: items(cleo, `/users/${bob.username}/following`, byName),
    'likes of another photo': items(cleo, `/photos/${bobs}/likes`, byName),
    'comments on another photo': items(cleo, `/photos/${bobs}/comments`, byId),
    'replies to a comment': items(bob, `/photos/${bobs}/comments?parentId=${comment.id}`, byId),
    album: one(bob, `/albums/${album.id}`),
    'photos in an album of another': items(bob, `/albums/${bobsAlbum.id}/photos`, byId),
    'members of an album of another': items(bob, `/albums/${bobsAlbum.id}/members`, ({ user }) =>
      byName(user),
    ),
    'share link': one(undefined, `/share/${link.token}`),
  }
  /** As accountSync does after each change of the account. */
  const bringInLine = async () => {
    await index.indexPhotosOf(ann.id, null)
    await openSearch.indices.refresh({ index: photosAlias(prefix) })
    await settle(world.db)
  }
  return { ann, bob, cleo, views, bringInLine }
}

const lookAt = async (views: Record<string, () => Promise<unknown>>) =>
  Object.fromEntries(
    await Promise.all(Object.entries(views).map(async ([name, look]) => [name, await look()] as const)),
  )

describe('a deactivated account', () => {
  it('is hidden everywhere with the answer, and is back by a sign-in', async () => {
    const { ann, bob, cleo, views, bringInLine } = await annAndHerViews()
    const before = await lookAt(views)
    const isHidden = (seen: unknown) => ['', 'absent', '404'].includes(String(seen))
    expect(Object.entries(before).filter(([, seen]) => isHidden(seen))).toEqual([])

    expect((await deactivate(ann)).status).toBe(204)
    expect(await lookAt(views)).toEqual({
      profile: 'absent',
      photo: 'absent',
      'photo for followers': 'absent',
      'photos of a profile': '404',
      feed: [expect.any(String)],
      tag: [],
      search: [],
      facets: [],
      'search of accounts': [],
      'suggested tags': [],
      'suggested accounts': [],
      followers: [],
      following: [],
      'likes of another photo': [],
      'comments on another photo': [],
      'replies to a comment': '404',
      album: 'absent',
      'photos in an album of another': [],
      'members of an album of another': [bob.username],
      'share link': 'absent',
    })
    // What is left of the feed is the reader's own.
    expect((await call(bob, 'GET', '/feed')).body.items.map(({ owner }: Json) => owner.username)).toEqual([
      bob.username,
    ])
    expect(await statusOf(ann)).toEqual({ status: 'deactivated', epoch: 1, owed: true })
    expect(await owedTo(ann)).toEqual(['accountChanged'])
    expect((await call(cleo, 'GET', `/users/${bob.username}`)).body.user).toMatchObject({
      followerCount: 0,
      followingCount: 0,
    })

    await bringInLine()
    expect(await lookAt(views)).toMatchObject({ search: [], tag: [], facets: [], 'suggested tags': [] })

    const returned = await comeBack(ann)
    await bringInLine()
    expect(await lookAt(views)).toEqual(before)
    expect((await call(returned, 'GET', '/me')).status).toBe(200)
    expect(await statusOf(ann)).toMatchObject({ status: 'active', epoch: 2 })
    expect(await owedTo(ann)).toEqual(['accountChanged', 'accountChanged'])
  })

  it('has no sessions, and its tokens are refused until it is back', async () => {
    const ann = await world.signUp()
    const { secret } = await must(ann, 'POST', '/me/tokens', { name: 'Nightly', scopes: ['read'] })
    const program = { ...ann, token: secret }
    expect((await call(program, 'GET', '/me')).status).toBe(200)
    await deactivate(ann)
    const refusals = await Promise.all([
      expect.poll(async () => (await call(ann, 'GET', '/me')).status, { timeout: 5_000 }).toBe(401),
      call(program, 'GET', '/me'),
      call(undefined, 'POST', '/sessions/refresh', { refreshToken: ann.refreshToken }),
    ])
    for (const refusal of refusals.slice(1) as Json[]) expect(refusal.body.code).toBe('unauthenticated')
    const wrong = { username: ann.username, password: 'not her password' }
    expect((await call(undefined, 'POST', '/sessions', wrong)).body.code).toBe('bad_credentials')
    expect((await statusOf(ann)).status).toBe('deactivated')

    const returned = await comeBack(ann)
    for (const who of [returned, program]) expect((await call(who, 'GET', '/me')).status).toBe(200)
    // Its session has ended.
    expect((await call(ann, 'GET', '/me')).status).toBe(401)
    const { items } = await must(returned, 'GET', '/sessions')
    expect(items).toHaveLength(1)
  })

  it('is told of, as the return is, once each', async () => {
    const ann = await world.signUp()
    await deactivate(ann)
    await deactivate(ann)
    const returned = await comeBack(ann)
    await comeBack(ann)
    const { items } = await must(returned, 'GET', '/me/security-events')
    const kinds = items.map(({ kind }: Json) => kind).filter((kind: string) => kind.startsWith('account_'))
    expect(kinds).toEqual(['account_returned', 'account_deactivated'])
  })

  it('asks for the password, and lets nobody guess it', async () => {
    const ann = await world.signUp()
    const statuses: number[] = []
    for (let attempt = 0; attempt < 11; attempt++) statuses.push((await deactivate(ann, 'a guess')).status)
    expect(statuses).toEqual([...Array<number>(10).fill(422), 429])
    expect((await statusOf(ann)).status).toBe('active')
  })

  it('is one whatever comes at the same time', async () => {
    const ann = await world.signUp()
    const answers = await Promise.all([
      deactivate(ann),
      deactivate(ann),
      ...Array.from({ length: 3 }, () =>
        call(undefined, 'POST', '/sessions', { username: ann.username, password: ann.password }),
      ),
    ])
    expect(answers.every(({ status }) => status === 204 || status === 201)).toBe(true)
    // Either a sign-in was the last, or all sessions have ended.
    const { status } = await statusOf(ann)
    const open = await world.db.primary({
      text: 'SELECT FROM sessions WHERE user_id = $1 AND revoked_at IS NULL',
      values: [ann.id],
    })
    expect(open.length > 0).toBe(status === 'active')
  })
})

describe('a suspended account', () => {
  it('may be deactivated, and comes back as suspended as it was', async () => {
    const ann = await world.signUp()
    const admin = await world.signUp()
    await world.db.primary({ text: `UPDATE users SET role = 'admin' WHERE user_id = $1`, values: [admin.id] })
    const suspension = `/moderation/users/${ann.username}/suspension`
    await must(admin, 'PUT', suspension, { policy: 'spam', reason: 'Spam.' })
    expect((await deactivate(ann)).status).toBe(204)
    expect((await statusOf(ann)).status).toBe('deactivated')
    const returned = await comeBack(ann)
    expect((await must(returned, 'GET', '/me')).user.suspension).toEqual({ until: null })
    expect((await call(returned, 'GET', '/feed')).body.code).toBe('account_suspended')
    expect(await owedTo(ann)).toContain('standingChanged')

    await deactivate(returned)
    await must(admin, 'DELETE', suspension, { policy: 'spam', reason: 'A mistake.' })
    expect((await statusOf(ann)).status).toBe('deactivated')
    const free = await comeBack(ann)
    expect((await must(free, 'GET', '/me')).user.suspension).toBeNull()
  })

  it('does not escape a suspension by being away', async () => {
    const ann = await world.signUp()
    await deactivate(ann)
    await world.db.transaction((tx) => suspendAccount(tx, { userId: ann.id, until: null }))
    expect((await statusOf(ann)).status).toBe('deactivated')
  })
})
