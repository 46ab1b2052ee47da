import { randomBytes, randomUUID } from 'node:crypto'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accountErasureWorkflowId } from '../../../src/contracts/account-erasure.ts'
import { eventLogKey } from '../../../src/infra/redis/event-logs.ts'
import { headKey } from '../../../src/infra/redis/feed-heads.ts'
import { createBeginErasure } from '../../../src/services/leaving/begin-erasure.ts'
import { sweepComments } from '../../../src/services/engagement/sweep-comments.ts'
import { edgeSettings, PrivateEdge } from '../../support/servers/private-edge.ts'
import { tracesOf } from '../../support/traces.ts'
import { openApiWorld, type ApiWorld, type Json, type Person } from '../../support/worlds/api-world.ts'
import {
  allWorkers,
  eventually,
  openUploadWorld,
  type UploadWorld,
} from '../../support/worlds/upload-world.ts'

/** Workers, and an API whose erasures start at once. */
let workers: UploadWorld
let world: ApiWorld
/** One whose erasures have their days of grace. */
let patient: ApiWorld
let edge: PrivateEdge

beforeAll(async () => {
  edge = await PrivateEdge.start()
  const edges = edgeSettings([edge])
  workers = await openUploadWorld(edges)
  const settings = { ...edges, TEMPORAL_NAMESPACE: workers.config.TEMPORAL_NAMESPACE }
  world = await openApiWorld({ ...settings, ACCOUNT_GRACE_DAYS: '0' })
  patient = await openApiWorld(settings)
  for (const definition of allWorkers) await workers.start(definition)
})
afterAll(async () => {
  await Promise.all([world?.close(), patient?.close()])
  await workers?.close()
  await edge?.remove()
})

async function call(who: Person | undefined, method: string, path: string, body?: unknown, headers = {}) {
  return world.call(method, `/v1${path}`, {
    token: who?.token,
    headers,
    ...(body === undefined ? {} : { body }),
  })
}
async function must(
  who: Person | undefined,
  method: string,
  path: string,
  body?: unknown,
  headers = {},
): Promise<Json> {
  const answer = await call(who, method, path, body, headers)
  expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300)
  return answer.body
}

/** Uploads a photo through the API and waits until it is published with all its variants. */
async function upload(who: Person, fields: object, exif: Record<string, string> = {}): Promise<Json> {
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const
  const bytes = await sharp({
    create: { width: 400, height: 300, channels: 3, background: '#446688', noise },
  })
    .withExif({ IFD0: exif })
    .jpeg({ quality: 85 })
    .toBuffer()
  const opened = await must(who, 'POST', '/photos', {
    contentType: 'image/jpeg',
    bytes: bytes.length,
    ...fields,
  })
  const { method, url, headers } = opened.upload
  expect((await fetch(url, { method, headers, body: new Uint8Array(bytes) })).status).toBe(200)
  await must(who, 'POST', `/photos/${opened.photo.id}/complete`)
  return eventually(async () => {
    const { photo } = (await call(who, 'GET', `/photos/${opened.photo.id}`)).body
    return photo.status === 'ready' && photo.variants.length >= 4 ? photo : undefined
  }, 60_000)
}

/** Uploads an avatar whose file names its owner, and waits until it is shown. @returns its id */
async function showAvatar(who: Person, exif: Record<string, string>): Promise<string> {
  const bytes = await sharp({ create: { width: 300, height: 300, channels: 3, background: '#446688' } })
    .withExif({ IFD0: exif })
    .jpeg()
    .toBuffer()
  const opened = await must(who, 'POST', '/me/avatar', { contentType: 'image/jpeg', bytes: bytes.length })
  const { method, url, headers } = opened.upload
  expect((await fetch(url, { method, headers, body: new Uint8Array(bytes) })).status).toBe(200)
  await must(who, 'POST', '/me/avatar/complete')
  const shown = await eventually(async () => {
    const { avatar } = (await call(who, 'GET', '/me/avatar')).body
    return (avatar.avatarUrl as string | null) ?? undefined
  }, 60_000)
  const { pathname, search } = new URL(shown)
  expect((await fetch(edge.url + pathname + search)).status).toBe(200)
  return pathname.split('/')[2]!
}

/** An account that has left something in every store and table that accounts write. */
async function somebody(mark: string): Promise<Person> {
  const password = randomUUID()
  const body = {
    username: `${mark}ann`,
    password,
    displayName: `${mark} display`,
    deviceName: `${mark} phone`,
  }
  const made = await must(undefined, 'POST', '/users', body, { 'User-Agent': `${mark} browser` })
  return {
    id: made.user.id,
    username: body.username,
    password,
    token: made.accessToken,
    refreshToken: made.refreshToken,
  }
}

async function written(): Promise<void> {
  await eventually(async () => {
    const rows = await world.db.primary({ text: 'SELECT FROM notification_events LIMIT 1' })
    return rows.length === 0
  })
}

async function erased({ id }: Person): Promise<void> {
  const handle = workers.temporal.workflow.getHandle(accountErasureWorkflowId(id))
  expect(await handle.result()).toMatchObject({ state: 'done' })
}

const receiptOf = ({ id, secret }: { id: string; secret: string }, of = world) =>
  of.call('GET', `/v1/me/erasure?id=${id}`, { headers: { 'X-Erasure-Secret': secret } })

const statusOf = async ({ id }: Person) => {
  const [row] = await world.db.primary<{ status: string }>({
    text: 'SELECT status FROM users WHERE user_id = $1',
    values: [id],
  })
  return row!.status
}

describe('an account that leaves for good', { timeout: 240_000 }, () => {
  it('leaves no trace in any store, and others as they were', async () => {
    const since = new Date()
    const mark = `zq${randomBytes(6).toString('hex')}`
    const ann = await somebody(mark)
    const [bob, cleo, dave] = [await world.signUp(), await world.signUp(), await world.signUp()]

    const photo = await upload(
      ann,
      { caption: `${mark} caption #${mark}tag`, altText: `${mark} alt`, shareCamera: true },
      { ImageDescription: `${mark} exif`, Model: `${mark} camera` },
    )
    const trashed = await upload(ann, { caption: `${mark} trashed` })
    await must(ann, 'DELETE', `/photos/${trashed.id}`)
    const pending = await must(ann, 'POST', '/photos', {
      contentType: 'image/jpeg',
      bytes: 1_000,
      caption: `${mark} pending`,
    })
    const inParts = await must(ann, 'POST', '/photos', {
      contentType: 'image/jpeg',
      bytes: 20_000_000,
      caption: `${mark} in parts`,
      multipart: true,
    })
    // The original has an address of the API's own.
    for (const { name, url } of photo.variants) {
      const { pathname, search } = new URL(url)
      if (name !== 'original') expect((await fetch(edge.url + pathname + search)).status, name).toBe(200)
    }
    const avatarId = await showAvatar(ann, { ImageDescription: `${mark} face` })
    await must(ann, 'POST', '/me/avatar', { contentType: 'image/jpeg', bytes: 1_000 })
    const photoIds: string[] = [avatarId, photo.id, trashed.id, pending.photo.id, inParts.photo.id]

    // What she did on others' photos, and they on hers.
    const bobs = await upload(bob, { caption: 'Bob was here' })
    await must(ann, 'PUT', `/users/${bob.username}/follow`)
    await must(bob, 'PUT', `/users/${ann.username}/follow`)
    await must(ann, 'PUT', `/users/${dave.username}/block`)
    await must(ann, 'PUT', `/users/${cleo.username}/mute`, {})
    await must(ann, 'PUT', `/photos/${bobs.id}/like`)
    await must(cleo, 'PUT', `/photos/${bobs.id}/like`)
    const comment = async (who: Person, photoId: string, text: string, parentId?: string): Promise<string> =>
      (await must(who, 'POST', `/photos/${photoId}/comments`, { text, ...(parentId ? { parentId } : {}) }))
        .comment.id
    const answered = await comment(ann, bobs.id, `${mark} answered`)
    const reply = await comment(bob, bobs.id, 'A reply that stays', answered)
    await comment(ann, bobs.id, `${mark} alone`)
    const cleos = await comment(cleo, bobs.id, 'By Cleo')
    await comment(ann, bobs.id, `${mark} reply`, cleos)
    await must(bob, 'PUT', `/photos/${photo.id}/like`)
    await comment(bob, photo.id, 'On a photo that goes')

    // Albums, links, programs, reports, requests that are remembered.
    const { album } = await must(ann, 'POST', '/albums', {
      title: `${mark} album`,
      description: `${mark} description`,
      coverPhotoId: photo.id,
    })
    const { link } = await must(ann, 'POST', `/albums/${album.id}/share-links`, { label: `${mark} link` })
    await must(undefined, 'GET', `/share/${link.token}`)
    const bobsAlbum = (await must(bob, 'POST', '/albums', { title: 'Piers', coverPhotoId: bobs.id })).album
    await must(bob, 'PUT', `/albums/${bobsAlbum.id}/members/${ann.username}`, { role: 'admin' })
    await must(ann, 'PUT', `/albums/${bobsAlbum.id}/photos/${photo.id}`)
    await must(ann, 'POST', `/albums/${bobsAlbum.id}/share-links`, { label: `${mark} elsewhere` })
    await must(ann, 'POST', '/me/tokens', { name: `${mark} program`, scopes: ['read'] })
    await must(ann, 'PATCH', '/me', { bio: `${mark} bio` })
    await must(ann, 'PATCH', '/me/notification-settings', { like: { inApp: false } })
    await must(ann, 'POST', '/reports', {
      subject: { type: 'photo', id: bobs.id },
      reason: 'spam',
      detail: `${mark} detail`,
    })
    await must(
      ann,
      'POST',
      `/photos/${bobs.id}/comments`,
      { text: `${mark} once` },
      {
        'Idempotency-Key': randomUUID(),
      },
    )
    for (const who of [ann, bob]) await must(who, 'GET', '/feed')
    await written()
    await must(ann, 'GET', '/me/notifications')

    const searched = { world, objects: workers.objects, edges: [edge], since }
    const before = await tracesOf([mark], searched)
    for (const store of ['postgres users', 'postgres comments', 'postgres albums', 'opensearch', 'bytes of'])
      expect(before.join('\n'), store).toContain(store)
    const imagesAtEdge = async () =>
      (await edge.cached()).filter(
        (text) => photoIds.some((id) => text.includes(id)) && /content-type: image/i.test(text),
      )
    expect((await imagesAtEdge()).length).toBeGreaterThan(2)
    expect((await must(bob, 'GET', '/me/notifications')).items.length).toBeGreaterThan(0)

    // As after the days of grace: nothing can be sent by a signed URL any more.
    await world.db.primary({
      text: `UPDATE photos SET upload_expires_at = now() - interval '2 hours' WHERE owner_id = $1`,
      values: [ann.id],
    })
    await world.db.primary({
      text: `UPDATE avatars SET upload_expires_at = now() - interval '2 hours' WHERE owner_id = $1`,
      values: [ann.id],
    })
    const left = await call(ann, 'DELETE', '/me', { password: ann.password })
    expect(left.status).toBe(202)
    expect((await call(cleo, 'GET', `/users/${ann.username}`)).status).toBe(404)
    await erased(ann)

    expect(await tracesOf([mark], searched)).toEqual([])
    // What an edge has under the paths of images is that there are none.
    expect(await imagesAtEdge()).toEqual([])
    expect(await tracesOf(photoIds, { ...searched, edges: [], since: new Date() })).toEqual([])
    for (const key of [headKey(ann.id), eventLogKey(ann.id)])
      expect(await world.api.clients.redis.exists(key)).toBe(0)
    expect(await openExecutions(ann)).toEqual([accountErasureWorkflowId(ann.id)])

    // Others: counts are right, and what they said is still there.
    const seen = (await must(cleo, 'GET', `/photos/${bobs.id}`)).photo
    expect({ likes: seen.likeCount, comments: seen.commentCount }).toEqual({ likes: 1, comments: 2 })
    const { items: comments } = await must(cleo, 'GET', `/photos/${bobs.id}/comments`)
    expect(comments.map(({ id }: Json) => id).sort()).toEqual([answered, cleos].sort())
    expect(comments.find(({ id }: Json) => id === answered)).toMatchObject({
      deleted: true,
      text: '',
      author: { id: '0', username: 'deleted', displayName: null },
      replyCount: 1,
    })
    expect(comments.find(({ id }: Json) => id === cleos)).toMatchObject({ deleted: false, replyCount: 0 })
    const { items: replies } = await must(cleo, 'GET', `/photos/${bobs.id}/comments?parentId=${answered}`)
    expect(replies).toMatchObject([{ id: reply, text: 'A reply that stays' }])
    expect((await must(cleo, 'GET', `/users/${bob.username}`)).user).toMatchObject({
      followerCount: 0,
      followingCount: 0,
    })
    const { items: shown } = await must(bob, 'GET', `/albums/${bobsAlbum.id}/photos`)
    expect(shown.map(({ id }: Json) => id)).toEqual([bobs.id])
    expect((await must(bob, 'GET', `/albums/${bobsAlbum.id}`)).album).toMatchObject({ photoCount: 1 })
    const told = JSON.stringify((await must(bob, 'GET', '/me/notifications')).items)
    expect(told).not.toContain(ann.id)
    expect(told).toContain(cleo.username)

    // The receipt, for whoever has the secret.
    const { erasure } = left.body
    const receipt = (await receiptOf(erasure)).body.erasure
    expect(receipt).toMatchObject({ id: erasure.id, state: 'done' })
    const removedFrom = (store: string) =>
      Object.fromEntries(
        receipt.stores
          .find((one: Json) => one.store === store)
          .removed.map(({ what, count }: Json) => [what, count]),
      )
    expect(removedFrom('postgres')).toMatchObject({
      photos: 4,
      avatars: 1,
      likes: 1,
      comments: 4,
      follows: 2,
      blocks: 1,
      mutes: 1,
      albums: 1,
      album_members: 1,
      share_links: 2,
      sessions: 1,
      personal_tokens: 1,
      reports: 1,
    })
    expect(removedFrom('bucket').objects).toBeGreaterThan(4)
    expect(removedFrom('edges')['cached images']).toBeGreaterThan(0)
    expect(removedFrom('opensearch')['photo documents']).toBeGreaterThan(0)
    expect(removedFrom('temporal')['workflow executions']).toBeGreaterThan(0)
    for (const { store, removed } of receipt.stores)
      for (const item of removed) expect(item.verifiedAt, `${store} ${item.what}`).not.toBeNull()
    expect(receipt.kept.map(({ what }: Json) => what)).toEqual(
      expect.arrayContaining(['comments', 'reports', 'users']),
    )

    // Once the reply goes, so does what stood for its sake.
    await must(bob, 'DELETE', `/comments/${reply}`)
    expect((await must(cleo, 'GET', `/photos/${bobs.id}/comments`)).items).toHaveLength(1)
    expect((await must(cleo, 'GET', `/photos/${bobs.id}`)).photo.commentCount).toBe(1)
    for (let sweep = 0; sweep < 2; sweep++) await sweepComments(world.db.primary, 183).run()
    const rows = await world.db.primary({
      text: 'SELECT FROM comments WHERE author_id = $1',
      values: [ann.id],
    })
    expect(rows).toHaveLength(0)
  })

  it('is nobody any more, and its name stays reserved', async () => {
    const mark = `zq${randomBytes(6).toString('hex')}`
    const ann = await somebody(mark)
    const { erasure } = (await call(ann, 'DELETE', '/me', { password: ann.password })).body
    await erased(ann)
    const { username, password } = ann
    expect((await call(undefined, 'POST', '/sessions', { username, password })).body.code).toBe(
      'bad_credentials',
    )
    expect(
      (await call(undefined, 'POST', '/sessions', { username: `~${ann.id}`, password: 'x' })).body.code,
    ).toBe('bad_credentials')
    expect((await call(ann, 'GET', '/me')).status).toBe(401)
    for (const name of [username, username.toUpperCase()]) {
      const taken = await call(undefined, 'POST', '/users', { username: name, password: randomUUID() })
      expect(taken.body.code).toBe('username_taken')
    }
    await world.db.primary({ text: `UPDATE reserved_usernames SET until = now() - interval '1 second'` })
    expect((await call(undefined, 'POST', '/users', { username, password: randomUUID() })).status).toBe(201)
    expect((await receiptOf(erasure)).status).toBe(200)
  })
})

describe('the days of grace', () => {
  const leave = (who: Person) =>
    patient.call('DELETE', '/v1/me', { token: who.token, body: { password: who.password } })
  const signIn = ({ username, password }: Person) =>
    patient.call('POST', '/v1/sessions', { body: { username, password } })

  it('end with a sign-in, which brings everything back', async () => {
    const ann = await patient.signUp()
    const photoId = await patient.seedPhoto({ ownerId: ann.id })
    const { erasure } = (await leave(ann)).body
    const inDays = (new Date(erasure.startsAt).getTime() - Date.now()) / (24 * 60 * 60 * 1000)
    expect(inDays).toBeCloseTo(14, 1)
    expect((await patient.call('GET', `/v1/photos/${photoId}`)).status).toBe(404)
    expect((await receiptOf(erasure, patient)).body.erasure).toMatchObject({ state: 'waiting', stores: [] })

    expect((await signIn(ann)).status).toBe(201)
    expect(await statusOf(ann)).toBe('active')
    expect((await patient.call('GET', `/v1/photos/${photoId}`)).status).toBe(200)
    expect((await receiptOf(erasure, patient)).status).toBe(404)
    const handle = workers.temporal.workflow.getHandle(accountErasureWorkflowId(ann.id))
    expect(await handle.result()).toMatchObject({ state: 'cancelled' })
  })

  it('end either by a sign-in or by the start, never by both', async () => {
    const begin = createBeginErasure({ db: patient.db })
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const ann = await patient.signUp()
        await leave(ann)
        await patient.db.primary({
          text: 'UPDATE account_erasures SET starts_at = now() WHERE user_id = $1',
          values: [ann.id],
        })
        const [begun, signedIn] = await Promise.all([begin(ann.id), signIn(ann)])
        const status = await statusOf(ann)
        return `${begun.state} ${signedIn.status} ${status}`
      }),
    )
    for (const outcome of outcomes) expect(['begun 409 erasing', 'none 201 active']).toContain(outcome)
  })

  it('are asked for with the password, once', async () => {
    const ann = await patient.signUp()
    const wrong = await patient.call('DELETE', '/v1/me', { token: ann.token, body: { password: 'a guess' } })
    expect(wrong.body.code).toBe('invalid')
    const answers = await Promise.all([leave(ann), leave(ann)])
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 401])
  })
})

describe('a receipt', () => {
  it('is shown to nobody without its secret', async () => {
    const ann = await patient.signUp()
    const { body } = await patient.call('DELETE', '/v1/me', {
      token: ann.token,
      body: { password: ann.password },
    })
    const { id, secret } = body.erasure
    expect((await receiptOf({ id, secret }, patient)).status).toBe(200)
    const refused = await Promise.all([
      receiptOf({ id, secret: secret.slice(1) }, patient),
      receiptOf({ id, secret: '' }, patient),
      receiptOf({ id: randomUUID(), secret }, patient),
    ])
    const bodies = refused.map(({ status, body: { requestId: _, ...problem } }) => ({ status, problem }))
    expect(bodies[0]!.status).toBe(404)
    for (const other of bodies) expect(other).toEqual(bodies[0])
    const [row] = await patient.db.primary<{ row: string }>({
      text: 'SELECT e::text AS row FROM account_erasures e WHERE erasure_id = $1',
      values: [id],
    })
    expect(row!.row).not.toContain(secret)
  })
})

/** Ids of the workflow executions that carry the account's number. */
async function openExecutions({ id }: Person): Promise<string[]> {
  const ids: string[] = []
  for await (const { workflowId } of workers.temporal.workflow.list({ query: `DarkroomOwner = '${id}'` }))
    ids.push(workflowId)
  return ids
}
