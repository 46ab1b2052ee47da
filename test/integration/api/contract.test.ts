import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { incomingKey } from '../../../src/services/photos/object-keys.ts'
import { createAuthenticator, PASSKEY_SETTINGS } from '../../support/authenticator.ts'
import { publishPhoto } from '../../support/factories/photos.ts'
import { forgetLastCode, openApp, signedInLongAgo } from '../../support/factories/second-factors.ts'
import { begin, providersSetting, REDIRECT_URI } from '../../support/factories/external-sign-ins.ts'
import { startOpenIdProvider, type OpenIdProvider } from '../../support/servers/openid-provider.ts'
import { settle } from '../../support/replica.ts'
import { createBrowser } from '../../support/servers/browser.ts'
import { openEventSource } from '../../support/event-source.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'
import { openNotificationWorld, type NotificationWorld } from '../../support/worlds/notification-world.ts'

/**
 * One story through every route by which people deal with each other, each with the answers that the contract promises: what
 * works, what works again, and whom it is refused. `world.call` compares each answer with the OpenAPI document.
 */
let world: NotificationWorld
let provider: OpenIdProvider
let ann: Person
let bob: Person
let cleo: Person
/** Ann's photo, which everybody sees, and what the story makes. */
let photoId: string
let albumId: string
let commentId: string

const walked = new Set<string>()

beforeAll(async () => {
  provider = await startOpenIdProvider(REDIRECT_URI)
  world = await openNotificationWorld({ ...PASSKEY_SETTINGS, ...providersSetting({ id: provider }) })
  ;[ann, bob, cleo] = [await world.signUp(), await world.signUp(), await world.signUp()]
  photoId = await world.seedPhoto({ ownerId: ann.id })
})
afterAll(async () => {
  await world?.close()
  await provider?.stop()
})

interface Step {
  /** What the path names; the username of a person. */
  names?: Record<string, string | Person>
  query?: string
  body?: object
  headers?: Record<string, string>
}

/** Takes a route, `PUT /users/:username/follow`, and expects its status. @returns the body of the answer */
async function walk(who: Person | undefined, route: string, status: number, step: Step = {}): Promise<Json> {
  const [method, pattern] = route.split(' ') as [string, string]
  const path = pattern.replace(/:(\w+)/g, (_, name: string) => {
    const named = step.names?.[name]
    return typeof named === 'object' ? named.username : named!
  })
  walked.add(`${method} /v1${pattern}`)
  const answer = await world.call(method, `/v1${path}${step.query ? `?${step.query}` : ''}`, {
    token: who?.token,
    ...(step.body ? { body: step.body } : {}),
    ...(step.headers ? { headers: step.headers } : {}),
  })
  expect(answer.status, `${route}: ${JSON.stringify(answer.body)}`).toBe(status)
  if (status >= 400) expect(answer.headers.get('Content-Type')).toMatch('application/problem+json')
  return answer.body
}

const refresh = (refreshToken: string) =>
  world.call('POST', '/v1/sessions/refresh', { body: { refreshToken } })

/** A repeatable call, which answers the same twice. */
async function twice(who: Person, route: string, status: number, step: Step): Promise<Json> {
  const first = await walk(who, route, status, step)
  expect(await walk(who, route, status, step)).toEqual(first)
  return first
}

const namesIn = ({ items }: Json) => items.map(({ username }: Json) => username)
const idsIn = ({ items }: Json) => items.map(({ id }: Json) => id)

describe('the contract', () => {
  it('of follows, requests, blocks and mutes is kept', async () => {
    const toAnn = { names: { username: ann } }
    const toBob = { names: { username: bob } }
    await walk(undefined, 'PUT /users/:username/follow', 401, toAnn)
    await walk(ann, 'PUT /users/:username/follow', 422, toAnn)
    await walk(bob, 'PUT /users/:username/follow', 404, { names: { username: 'nobody-at-all' } })
    expect(await twice(bob, 'PUT /users/:username/follow', 200, toAnn)).toEqual({ status: 'following' })
    const profile = await walk(bob, 'GET /users/:username', 200, toAnn)
    expect(profile.user).toMatchObject({ followerCount: 1, relationship: { following: true } })
    expect(namesIn(await walk(undefined, 'GET /users/:username/followers', 200, toAnn))).toEqual([
      bob.username,
    ])
    expect(namesIn(await walk(bob, 'GET /users/:username/following', 200, toBob))).toEqual([ann.username])
    expect(idsIn(await walk(undefined, 'GET /users/:username/photos', 200, toAnn))).toEqual([photoId])
    await twice(bob, 'DELETE /users/:username/follow', 204, toAnn)

    expect(
      (await world.call('PATCH', '/v1/me', { token: ann.token, body: { isPrivate: true } })).status,
    ).toBe(200)
    for (const list of ['followers', 'following', 'photos']) {
      expect((await walk(cleo, `GET /users/:username/${list}`, 403, toAnn)).code).toBe('account_private')
    }
    for (const person of [bob, cleo]) {
      expect(await twice(person, 'PUT /users/:username/follow', 200, toAnn)).toEqual({ status: 'requested' })
    }
    const waiting = await walk(ann, 'GET /me/follow-requests', 200)
    expect(namesIn(waiting).sort()).toEqual([bob.username, cleo.username].sort())
    await twice(ann, 'PUT /me/follow-requests/:username', 204, toBob)
    await twice(ann, 'DELETE /me/follow-requests/:username', 204, { names: { username: cleo } })
    await walk(bob, 'GET /users/:username/photos', 200, toAnn)
    await twice(ann, 'DELETE /me/followers/:username', 204, toBob)
    await walk(bob, 'GET /users/:username/photos', 403, toAnn)
    expect(
      (await world.call('PATCH', '/v1/me', { token: ann.token, body: { isPrivate: false } })).status,
    ).toBe(200)

    await walk(ann, 'PUT /users/:username/block', 422, toAnn)
    await twice(ann, 'PUT /users/:username/block', 204, { names: { username: cleo } })
    expect(namesIn(await walk(ann, 'GET /me/blocks', 200))).toEqual([cleo.username])
    for (const route of ['GET /users/:username', 'PUT /users/:username/follow'])
      await walk(cleo, route, 404, toAnn)
    await twice(ann, 'DELETE /users/:username/block', 204, { names: { username: cleo } })
    const until = new Date(Date.now() + 3_600_000).toISOString()
    await twice(ann, 'PUT /users/:username/mute', 204, { ...toBob, body: { until } })
    expect((await walk(ann, 'GET /me/mutes', 200)).items).toMatchObject([{ username: bob.username, until }])
    await twice(ann, 'DELETE /users/:username/mute', 204, toBob)
  })

  it('of likes and comments is kept', async () => {
    const photo = { names: { photoId } }
    await walk(undefined, 'PUT /photos/:photoId/like', 401, photo)
    await twice(bob, 'PUT /photos/:photoId/like', 204, photo)
    expect(namesIn(await walk(undefined, 'GET /photos/:photoId/likes', 200, photo))).toEqual([bob.username])
    await twice(bob, 'DELETE /photos/:photoId/like', 204, photo)

    await walk(undefined, 'POST /photos/:photoId/comments', 401, { ...photo, body: { text: 'Fog!' } })
    await walk(bob, 'POST /photos/:photoId/comments', 422, { ...photo, body: { text: '' } })
    const said = await walk(bob, 'POST /photos/:photoId/comments', 201, { ...photo, body: { text: 'Fog!' } })
    commentId = said.comment.id
    const reply = { text: `@${bob.username} Yes.`, parentId: commentId }
    await walk(ann, 'POST /photos/:photoId/comments', 201, { ...photo, body: reply })
    expect(idsIn(await walk(undefined, 'GET /photos/:photoId/comments', 200, photo))).toEqual([commentId])
    const comment = { names: { commentId } }
    await walk(undefined, 'GET /comments/:commentId', 200, comment)
    await walk(cleo, 'PATCH /comments/:commentId', 403, { ...comment, body: { text: 'Sun!' } })
    const edited = await walk(bob, 'PATCH /comments/:commentId', 200, { ...comment, body: { text: 'Mist!' } })
    expect(edited.comment.text).toBe('Mist!')
    await walk(cleo, 'DELETE /comments/:commentId', 403, comment)
    await walk(bob, 'DELETE /comments/:commentId', 204, comment)
  })

  it('of the trash is kept', async () => {
    const photo = { names: { photoId: await world.seedPhoto({ ownerId: ann.id }) } }
    const erased = { names: { photoId: await world.seedPhoto({ ownerId: ann.id }) } }
    for (const [method, status] of [
      ['GET', 200],
      ['POST', 202],
    ] as const) {
      await walk(undefined, `${method} /photos/:photoId/original/restore`, 401, photo)
      await walk(bob, `${method} /photos/:photoId/original/restore`, 403, photo)
      const original = await walk(ann, `${method} /photos/:photoId/original/restore`, status, photo)
      expect(original).toMatchObject({ availability: 'hot', hotUntil: null })
    }
    await walk(undefined, 'DELETE /photos/:photoId', 401, photo)
    await walk(bob, 'DELETE /photos/:photoId', 403, photo)
    await walk(ann, 'DELETE /photos/:photoId', 204, photo)
    await walk(ann, 'DELETE /photos/:photoId', 404, photo)
    const { items } = await walk(ann, 'GET /me/trash', 200)
    expect(idsIn({ items: items.map((item: Json) => item.photo) })).toEqual([photo.names.photoId])
    await walk(bob, 'POST /photos/:photoId/restore', 404, photo)
    const restored = await twice(ann, 'POST /photos/:photoId/restore', 200, photo)
    expect(restored.photo).toMatchObject({ id: photo.names.photoId, status: 'ready' })
    await walk(bob, 'POST /photos/:photoId/restore', 403, photo)
    await walk(ann, 'DELETE /photos/:photoId', 204, erased)
    await walk(ann, 'DELETE /photos/:photoId', 204, { ...erased, query: 'permanent=true' })
    await walk(ann, 'POST /photos/:photoId/restore', 404, erased)
    const [receipt] = (await walk(ann, 'GET /me/erasures', 200)).items
    expect(receipt).toMatchObject({ photoId: erased.names.photoId, erasedAt: null })
    expect((await walk(bob, 'GET /me/erasures', 200)).items).toEqual([])
    for (const made of [photo, erased])
      await world.call('DELETE', `/v1/photos/${made.names.photoId}?permanent=true`, { token: ann.token })
  })

  it('of albums and their members is kept', async () => {
    await walk(undefined, 'POST /albums', 401, { body: { title: 'Fog' } })
    await walk(ann, 'POST /albums', 422, { body: { title: '' } })
    const made = await walk(ann, 'POST /albums', 201, { body: { title: 'Fog', visibility: 'private' } })
    albumId = made.album.id
    const album = { names: { albumId } }
    await walk(bob, 'GET /albums/:albumId', 404, album)
    await walk(ann, 'PATCH /albums/:albumId', 200, { ...album, body: { description: 'Mornings' } })
    const place = { names: { albumId, photoId } }
    await twice(ann, 'PUT /albums/:albumId/photos/:photoId', 204, { ...place, body: { position: 0 } })
    expect(idsIn(await walk(ann, 'GET /albums/:albumId/photos', 200, album))).toEqual([photoId])
    await walk(ann, 'PATCH /albums/:albumId', 200, { ...album, body: { coverPhotoId: photoId } })

    const asBob = { names: { albumId, username: bob }, body: { role: 'contributor' } }
    await twice(ann, 'PUT /albums/:albumId/members/:username', 200, asBob)
    expect((await walk(bob, 'GET /albums/:albumId', 200, album)).album.role).toBe('contributor')
    await walk(bob, 'PATCH /albums/:albumId', 403, { ...album, body: { title: 'Mine' } })
    await walk(bob, 'PUT /albums/:albumId/members/:username', 403, asBob)
    expect((await walk(bob, 'GET /albums/:albumId/members', 200, album)).items).toHaveLength(2)
    expect((await walk(bob, 'GET /albums/:albumId/activity', 200, album)).items.length).toBeGreaterThan(0)
    expect(idsIn(await walk(bob, 'GET /me/albums', 200))).toEqual([albumId])
    const theirs = { names: { username: ann } }
    expect(idsIn(await walk(bob, 'GET /users/:username/albums', 200, theirs))).toEqual([albumId])
    expect(idsIn(await walk(bob, 'GET /photos/:photoId/albums', 200, { names: { photoId } }))).toEqual([
      albumId,
    ])
    expect(idsIn(await walk(cleo, 'GET /photos/:photoId/albums', 200, { names: { photoId } }))).toEqual([])
    await walk(bob, 'DELETE /albums/:albumId/members/me', 204, album)
    await walk(ann, 'PUT /albums/:albumId/members/:username', 200, asBob)
    await twice(ann, 'DELETE /albums/:albumId/members/:username', 204, { names: asBob.names })
    await twice(ann, 'DELETE /albums/:albumId/photos/:photoId', 204, place)
    await walk(ann, 'PUT /albums/:albumId/members/:username', 200, asBob)
    await walk(ann, 'PUT /albums/:albumId/owner', 200, { ...album, body: { username: bob.username } })
    await walk(ann, 'DELETE /albums/:albumId', 403, album)
    await walk(bob, 'DELETE /albums/:albumId', 204, album)
    await walk(bob, 'GET /albums/:albumId', 404, album)
  })

  it('of share links and drop boxes is kept', async () => {
    const { album } = await walk(ann, 'POST /albums', 201, {
      body: { title: 'Family', visibility: 'private' },
    })
    const names = { albumId: album.id, photoId }
    await walk(ann, 'PUT /albums/:albumId/photos/:photoId', 204, { names })
    const asked = { label: 'Family', password: 'fog-2026', maxViews: 1, allowUpload: true }
    await walk(undefined, 'POST /albums/:albumId/share-links', 401, { names, body: asked })
    await walk(bob, 'POST /albums/:albumId/share-links', 404, { names, body: asked })
    const past = new Date(0).toISOString()
    await walk(ann, 'POST /albums/:albumId/share-links', 422, { names, body: { expiresAt: past } })
    const { link } = await walk(ann, 'POST /albums/:albumId/share-links', 201, { names, body: asked })
    expect(link.url).toMatch(`/v1/share/${link.token}`)

    const share = { names: { token: link.token } }
    const withPassword = { ...share, headers: { 'X-Share-Password': asked.password } }
    expect((await walk(undefined, 'GET /share/:token', 401, share)).code).toBe('link_password_required')
    await walk(undefined, 'GET /share/:token', 404, { names: { token: 'A'.repeat(43) } })
    const visit = await walk(undefined, 'GET /share/:token', 200, withPassword)
    expect(idsIn(visit)).toEqual([photoId])
    expect((await walk(undefined, 'GET /share/:token', 410, withPassword)).code).toBe('link_exhausted')
    const further = { ...share, headers: { 'X-Share-Session': visit.session } }
    await walk(undefined, 'GET /share/:token', 200, further)
    const [listed] = (await walk(ann, 'GET /albums/:albumId/share-links', 200, { names })).items
    expect(listed).toMatchObject({ id: link.id, label: 'Family', views: 1 })
    expect(JSON.stringify(listed)).not.toContain(link.token)

    const offered = await offer(further)
    const approved = { names: { ...names, itemId: offered[0]! } }
    const declined = { names: { ...names, itemId: offered[1]! } }
    const inBox = idsIn(await walk(ann, 'GET /albums/:albumId/drop-box', 200, { names }))
    expect(inBox.sort()).toEqual([...offered].sort())
    await walk(bob, 'GET /albums/:albumId/drop-box', 404, { names })
    await twice(ann, 'PUT /albums/:albumId/drop-box/:itemId', 204, approved)
    await walk(ann, 'DELETE /albums/:albumId/drop-box/:itemId', 204, declined)
    const photos = idsIn(await walk(ann, 'GET /albums/:albumId/photos', 200, { names }))
    expect(photos.sort()).toEqual([photoId, offered[0]].sort())

    const revoked = { names: { ...names, linkId: link.id } }
    await twice(ann, 'DELETE /albums/:albumId/share-links/:linkId', 204, revoked)
    await walk(undefined, 'GET /share/:token', 404, further)
  })

  /** Two photos of a visitor in the drop box, as their workflows leave them. */
  async function offer(visitor: Step): Promise<string[]> {
    const body = { contentType: 'image/jpeg', bytes: 10 }
    const offered: string[] = []
    for (let n = 0; n < 2; n++) {
      const { upload, ticket } = await walk(undefined, 'POST /share/:token/uploads', 201, {
        ...visitor,
        body,
      })
      const complete = { ...visitor, names: { ...visitor.names, ticket } }
      await walk(undefined, 'POST /share/:token/uploads/:ticket/complete', 409, complete)
      const put = await fetch(upload.url, {
        method: 'PUT',
        headers: upload.headers,
        body: new Uint8Array(10),
      })
      expect(put.status).toBe(200)
      await walk(undefined, 'POST /share/:token/uploads/:ticket/complete', 204, complete)
      const [row] = await world.db.primary<{ photo_id: string }>({
        text: `UPDATE photos SET status = 'processing', sha256 = decode(replace(photo_id::text, '-', ''), 'hex')
               WHERE owner_id = $1 AND status = 'awaiting_upload' RETURNING photo_id`,
        values: [ann.id],
      })
      await publishPhoto(world.db, row!.photo_id)
      await world.api.clients.objects.delete([incomingKey(row!.photo_id)])
      offered.push(row!.photo_id)
    }
    await settle(world.db)
    return offered
  }

  it('of notifications is kept', async () => {
    for (const list of ['notifications', 'notifications/unread-count', 'notification-settings']) {
      await walk(undefined, `GET /me/${list}`, 401)
    }
    await walk(bob, 'PUT /photos/:photoId/like', 204, { names: { photoId } })
    await world.write()
    await settle(world.db)
    const [latest] = (await walk(ann, 'GET /me/notifications', 200)).items
    expect(latest).toMatchObject({ kind: 'like', actorCount: 1, photo: { id: photoId }, readAt: null })
    expect(latest.actors).toMatchObject([{ username: bob.username }])
    expect((await walk(ann, 'GET /me/notifications/unread-count', 200)).count).toBeGreaterThan(0)
    await walk(ann, 'PUT /me/notifications/read', 422, { body: { upTo: 'yesterday' } })
    await twice(ann, 'PUT /me/notifications/read', 204, { body: { upTo: latest.createdAt } })
    expect(await walk(ann, 'GET /me/notifications/unread-count', 200)).toEqual({ count: 0 })
    const change = { body: { like: { inApp: false } } }
    const { settings } = await twice(ann, 'PATCH /me/notification-settings', 200, change)
    expect(settings.like).toMatchObject({ inApp: false })
    expect(await walk(ann, 'GET /me/notification-settings', 200)).toEqual({ settings })
    await walk(ann, 'PATCH /me/notification-settings', 422, { body: { like: {} } })
  })

  it('of live events is kept', async () => {
    await walk(undefined, 'POST /events/tickets', 401)
    const { ticket, expiresIn } = await walk(ann, 'POST /events/tickets', 201)
    expect(expiresIn).toBe(30)
    const source = await openEventSource(world.api.url, { ticket })
    expect(source.status).toBe(200)
    await source.waitFor('ready')
    source.close()
    expect(await walk(undefined, 'GET /events', 401, { query: `ticket=${ticket}` })).toMatchObject({
      code: 'unauthenticated',
      errors: [{ path: 'query.ticket' }],
    })
    await walk(undefined, 'GET /events', 422)
  })

  it('of reports and cases is kept', async () => {
    const admin = await world.signUp()
    await world.db.primary({ text: `UPDATE users SET role = 'admin' WHERE user_id = $1`, values: [admin.id] })
    const body = { subject: { type: 'photo', id: photoId }, reason: 'copyright', detail: 'Mine.' }
    await walk(undefined, 'POST /reports', 401, { body })
    await walk(ann, 'POST /reports', 422, { body })
    await walk(bob, 'POST /reports', 422, { body: { ...body, reason: 'envy' } })
    const { report } = await walk(bob, 'POST /reports', 201, { body })
    expect(report).toMatchObject({ ...body, outcome: null })
    expect(await twice(bob, 'POST /reports', 200, { body: { ...body, reason: 'spam' } })).toEqual({ report })
    expect((await walk(bob, 'GET /me/reports', 200)).items).toEqual([report])

    for (const read of ['cases', 'policies', 'audit', 'stats']) {
      await walk(undefined, `GET /moderation/${read}`, 401)
      await walk(bob, `GET /moderation/${read}`, 403)
    }
    const query = 'state=open&priority=low&policy=copyright'
    const [found] = (await walk(admin, 'GET /moderation/cases', 200, { query })).items
    expect(found).toMatchObject({ subject: body.subject, owner: { id: ann.id }, reportCount: 1, claim: null })
    const one = { names: { caseId: found.id } }
    const inFull = await walk(admin, 'GET /moderation/cases/:caseId', 200, one)
    expect(inFull).toMatchObject({ case: found, reports: [{ reason: 'copyright', detail: 'Mine.' }] })
    expect(JSON.stringify(inFull)).not.toContain(bob.username)
    const claimed = await walk(admin, 'PUT /moderation/cases/:caseId/claim', 200, one)
    expect(claimed.case.claim).toMatchObject({ username: admin.username })
    await twice(admin, 'DELETE /moderation/cases/:caseId/claim', 204, one)
    await walk(admin, 'GET /moderation/cases', 422, { query: 'policy=taste' })

    const policy = { id: 'taste', title: 'Taste', text: 'There is no arguing.', isStrike: false }
    const put = await twice(admin, 'PUT /moderation/policies', 200, { body: policy })
    expect(put.policy).toMatchObject({ ...policy, version: 1 })
    await walk(bob, 'PUT /moderation/policies', 403, { body: policy })
    expect((await walk(admin, 'GET /moderation/policies', 200)).items).toContainEqual(put.policy)
    const { items } = await walk(admin, 'GET /moderation/audit', 200)
    const actions = items.map(({ action }: Json) => action)
    expect(actions).toEqual([
      ...['policy.changed', 'case.released', 'case.claimed', 'case.viewed', 'case.opened'],
    ])
    const { stats } = await walk(admin, 'GET /moderation/stats', 200)
    expect(stats).toMatchObject({ open: { low: 1 }, overdue: 0, claimed: 0, reversalRate: null })
  })

  it('of suspensions and the pictures of cases is kept', async () => {
    const [admin, cyd] = [await world.signUp(), await world.signUp()]
    await world.db.primary({ text: `UPDATE users SET role = 'admin' WHERE user_id = $1`, values: [admin.id] })
    const suspension = 'moderation/users/:username/suspension'
    const names = { username: cyd.username }
    const body = { policy: 'spam', reason: 'Advertising.', until: '2099-01-31T08:00:00Z' }
    await walk(undefined, `PUT /${suspension}`, 401, { names, body })
    await walk(bob, `PUT /${suspension}`, 403, { names, body })
    await walk(admin, `PUT /${suspension}`, 403, { names: { username: admin.username }, body })
    await walk(admin, `PUT /${suspension}`, 422, { names, body: { ...body, until: '2020-01-01T00:00:00Z' } })
    await walk(admin, `PUT /${suspension}`, 404, { names: { username: 'nobody-of-this-name' }, body })
    const { decision } = await twice(admin, `PUT /${suspension}`, 200, { names, body })
    expect(decision).toMatchObject({ action: 'suspend', policy: 'spam', decidedBy: admin.username })
    const why = { policy: 'spam', reason: 'An error.' }
    await walk(bob, `DELETE /${suspension}`, 403, { names, body: why })
    await twice(admin, `DELETE /${suspension}`, 204, { names, body: why })

    const report = { subject: { type: 'photo', id: photoId }, reason: 'nudity' }
    await walk(cleo, 'POST /reports', 201, { body: report })
    const { items } = await walk(admin, 'GET /moderation/cases', 200)
    const ofPhoto = items.find(({ subject }: Json) => subject.id === photoId)
    const one = { names: { caseId: ofPhoto.id } }
    await walk(bob, 'POST /moderation/cases/:caseId/views', 403, one)
    const { url, expiresAt } = await walk(admin, 'POST /moderation/cases/:caseId/views', 201, one)
    expect([typeof url, typeof expiresAt]).toEqual(['string', 'string'])
  })

  it('of decisions and appeals is kept', async () => {
    const admin = await world.signUp()
    await world.db.primary({ text: `UPDATE users SET role = 'admin' WHERE user_id = $1`, values: [admin.id] })
    const { items } = await walk(admin, 'GET /moderation/cases', 200)
    const ofPhoto = items.find(({ subject }: Json) => subject.id === photoId)
    const one = { names: { caseId: ofPhoto.id as string } }
    const route = 'POST /moderation/cases/:caseId/decisions'
    const limiting = { action: 'limit', policy: 'taste', reason: 'There is no arguing.' }
    await walk(undefined, route, 401, { ...one, body: limiting })
    await walk(bob, route, 403, { ...one, body: limiting })
    await walk(admin, route, 422, { ...one, body: { ...limiting, policy: 'nothing' } })
    const { decision } = await walk(admin, route, 201, { ...one, body: limiting })
    expect(decision).toMatchObject({
      ...limiting,
      policyVersion: 1,
      decidedBy: admin.username,
      reversedAt: null,
    })
    await walk(admin, route, 409, { ...one, body: limiting })

    const [own] = (await walk(ann, 'GET /me/moderation', 200)).items
    expect(own).toMatchObject({ id: decision.id, action: 'limit', decidedAs: 'admin', appeal: null })
    expect((await walk(bob, 'GET /me/moderation', 200)).items).toEqual([])
    const appeals = 'POST /me/moderation/:decisionId/appeals'
    const appeal = { names: { decisionId: own.id as string }, body: { text: 'There is.' } }
    await walk(bob, appeals, 404, appeal)
    await walk(ann, appeals, 422, { ...appeal, body: { text: '' } })
    const made = await walk(ann, appeals, 201, appeal)
    expect(made.appeal).toMatchObject({ text: 'There is.', state: 'pending', answer: null })
    await walk(ann, appeals, 409, appeal)
    await walk(admin, route, 403, { ...one, body: { ...limiting, action: 'restore' } })
  })

  it('of passwords, devices and tokens is kept', async () => {
    const dora = await world.signUp()
    const phone = await world.call('POST', '/v1/sessions', {
      body: { username: dora.username, password: dora.password, deviceName: 'Phone' },
    })
    const change = (currentPassword: string, newPassword: string) => ({
      body: { currentPassword, newPassword },
    })
    await walk(undefined, 'PUT /me/password', 401, change('a', 'seven quiet lenses'))
    await walk(dora, 'PUT /me/password', 422, change('not the password', 'seven quiet lenses'))
    await walk(dora, 'PUT /me/password', 204, change(dora.password, 'seven quiet lenses'))
    const { items: devices } = await walk(dora, 'GET /sessions', 200)
    expect(devices).toHaveLength(1)
    expect((await refresh(phone.body.refreshToken)).status).toBe(401)
    await twice(dora, 'DELETE /sessions', 204, {})

    const away = await world.signUp()
    await walk(undefined, 'POST /me/deactivate', 401, { body: { password: 'a' } })
    await walk(away, 'POST /me/deactivate', 422, { body: { password: 'not the password' } })
    await walk(away, 'POST /me/deactivate', 204, { body: { password: away.password } })
    expect((await refresh(away.refreshToken)).status).toBe(401)
    const { username, password } = away
    const { accessToken } = await walk(undefined, 'POST /sessions', 201, { body: { username, password } })
    const back = { ...away, token: accessToken }
    await walk(back, 'GET /me', 200)

    await walk(undefined, 'DELETE /me', 401, { body: { password } })
    await walk(back, 'DELETE /me', 422, { body: { password: 'not the password' } })
    const { erasure } = await walk(back, 'DELETE /me', 202, { body: { password } })
    const query = `id=${erasure.id}`
    await walk(undefined, 'GET /me/erasure', 404, { query })
    const headers = { 'X-Erasure-Secret': erasure.secret }
    const receipt = await walk(undefined, 'GET /me/erasure', 200, { query, headers })
    expect(receipt.erasure.state).toBe('waiting')
    await walk(undefined, 'POST /sessions', 201, { body: { username, password } })
    await walk(undefined, 'GET /me/erasure', 404, { query, headers })

    const body = { name: 'Nightly', scopes: ['read'] }
    await walk(undefined, 'POST /me/tokens', 401, { body })
    const { token, secret } = await walk(dora, 'POST /me/tokens', 201, { body })
    const program = { ...dora, token: secret }
    await walk(program, 'GET /me', 200)
    await walk(program, 'PATCH /me', 403, { body: { bio: 'Light.' } })
    await walk(program, 'GET /me/tokens', 403)
    expect((await walk(dora, 'GET /me/tokens', 200)).items).toMatchObject([{ id: token.id, ...body }])
    const one = { names: { tokenId: token.id } }
    await walk(dora, 'DELETE /me/tokens/:tokenId', 204, one)
    await walk(dora, 'DELETE /me/tokens/:tokenId', 404, one)
    await walk(program, 'GET /me', 401)

    const { items } = await walk(dora, 'GET /me/security-events', 200)
    expect(items.map(({ kind }: Json) => kind)).toEqual(['token_created', 'password_changed'])
  })

  it('of second factors is kept', async () => {
    const dora = await world.signUp()
    const { username, password } = dora
    await walk(undefined, 'POST /me/two-factor/totp', 401)
    await walk(dora, 'POST /me/two-factor/totp/confirm', 404, { body: { code: '123456' } })
    const { secret } = await walk(dora, 'POST /me/two-factor/totp', 201)
    const app = openApp(secret)
    await walk(dora, 'POST /me/two-factor/totp/confirm', 422, { body: { code: app.code(9) } })
    await walk(dora, 'POST /me/two-factor/totp/confirm', 204, { body: { code: app.code() } })
    await forgetLastCode(world, dora)
    const { codes } = await walk(dora, 'POST /me/two-factor/recovery-codes', 201, { body: { password } })
    expect(await walk(dora, 'GET /me/two-factor/recovery-codes', 200)).toMatchObject({ left: 10 })
    await walk(dora, 'POST /me/two-factor/recovery-codes', 422, { body: { code: app.code(9) } })

    const first = await world.call('POST', '/v1/sessions', { body: { username, password } })
    expect(first).toMatchObject({ status: 401, body: { code: 'two_factor_required' } })
    const { challenge } = first.body
    await walk(undefined, 'POST /sessions/two-factor', 422, { body: { challenge } })
    await walk(undefined, 'POST /sessions/two-factor', 401, { body: { challenge, code: '000 00x' } })
    const answer = { body: { challenge, code: codes[0] } }
    const signedIn = await walk(undefined, 'POST /sessions/two-factor', 201, answer)
    expect(signedIn.user.username).toBe(username)
    await walk(undefined, 'POST /sessions/two-factor', 401, answer)

    const authenticator = createAuthenticator()
    const registration = authenticator.create(await walk(dora, 'POST /me/passkeys/options', 201))
    await walk(undefined, 'POST /me/passkeys', 401, { body: registration })
    const added = { body: { ...registration, name: 'Key' } }
    const { passkey } = await walk(dora, 'POST /me/passkeys', 201, added)
    await walk(dora, 'POST /me/passkeys', 422, added)
    expect((await walk(dora, 'GET /me/passkeys', 200)).items).toEqual([passkey])
    const assertion = authenticator.get(await walk(undefined, 'POST /sessions/passkey/options', 201))
    await walk(undefined, 'POST /sessions/passkey', 201, { body: assertion })
    await walk(undefined, 'POST /sessions/passkey', 401, { body: assertion })
    const me = await world.call('GET', '/v1/me', { token: dora.token })
    expect(me.body.twoFactor).toEqual({ totp: true, passkeys: 1, recoveryCodes: 9 })

    await signedInLongAgo(world, dora)
    const one = { names: { passkeyId: passkey.id } }
    await walk(dora, 'DELETE /me/passkeys/:passkeyId', 403, one)
    const proof = authenticator.get(await walk(dora, 'POST /me/presence/options', 201))
    await walk(dora, 'DELETE /me/passkeys/:passkeyId', 204, { ...one, body: { passkey: proof } })
    await walk(dora, 'DELETE /me/passkeys/:passkeyId', 404, { ...one, body: { password } })
    await walk(dora, 'DELETE /me/two-factor/totp', 403)
    await walk(dora, 'DELETE /me/two-factor/totp', 204, { body: { code: app.code() } })
    await walk(dora, 'DELETE /me/two-factor/totp', 404, { body: { password } })
    const { items } = (await world.call('GET', '/v1/me/security-events', { token: dora.token })).body
    expect(items.map(({ kind }: Json) => kind)).toEqual([
      ...['factor_removed', 'factor_removed', 'factor_added'],
      ...['recovery_code_used', 'recovery_codes_made', 'factor_added'],
    ])
  })

  it('of suggested tags is kept', async () => {
    const [own, tag] = [{ names: { photoId } }, { names: { photoId, tag: 'fog' } }]
    await walk(undefined, 'GET /photos/:photoId/suggested-tags', 401, own)
    await walk(bob, 'GET /photos/:photoId/suggested-tags', 403, own)
    expect(await walk(ann, 'GET /photos/:photoId/suggested-tags', 200, own)).toEqual({ items: [] })
    await walk(undefined, 'DELETE /photos/:photoId/suggested-tags/:tag', 401, tag)
    await walk(bob, 'DELETE /photos/:photoId/suggested-tags/:tag', 403, tag)
    await walk(ann, 'DELETE /photos/:photoId/suggested-tags/:tag', 404, tag)
    const model = 'remote/7'
    await world.db.primary({
      text: `INSERT INTO tag_labels (model, tag, display, text, vector) VALUES ($1, 'fog', 'Fog', 'fog', '\\x01')`,
      values: [model],
    })
    await world.db.primary({
      text: `INSERT INTO photo_embeddings (photo_id, model, vector) VALUES ($1, $2, '\\x01')`,
      values: [photoId, model],
    })
    const { items } = await walk(ann, 'GET /photos/:photoId/suggested-tags', 200, own)
    expect(items).toEqual([{ tag: 'Fog', nearness: 1 }])
    await twice(ann, 'DELETE /photos/:photoId/suggested-tags/:tag', 204, tag)
    expect(await walk(ann, 'GET /photos/:photoId/suggested-tags', 200, own)).toEqual({ items: [] })
  })

  it('of webhooks is kept', async () => {
    // No worker runs here, so nothing is sent there.
    const body = { url: 'https://93.184.216.34/hook', events: ['photo.trashed'] }
    await walk(undefined, 'POST /me/webhooks', 401, { body })
    await walk(ann, 'POST /me/webhooks', 422, { body: { ...body, url: 'https://10.0.0.1/' } })
    const { webhook, secret } = await walk(ann, 'POST /me/webhooks', 201, { body })
    expect(secret).toMatch(/^whsec_/)
    expect(idsIn(await walk(ann, 'GET /me/webhooks', 200))).toEqual([webhook.id])
    const one = { names: { webhookId: webhook.id } }
    await walk(bob, 'GET /me/webhooks/:webhookId', 404, one)
    expect((await walk(ann, 'GET /me/webhooks/:webhookId', 200, one)).webhook).toEqual(webhook)
    await twice(ann, 'PATCH /me/webhooks/:webhookId', 200, { ...one, body: { events: body.events } })
    await walk(bob, 'POST /me/webhooks/:webhookId/secret', 404, one)
    const rotated = await walk(ann, 'POST /me/webhooks/:webhookId/secret', 201, one)
    expect(rotated).toEqual({
      webhook: { ...webhook, previousSecretsUntil: expect.any(String) },
      secret: expect.stringMatching(/^whsec_(?!$)/),
    })
    expect(rotated.secret).not.toBe(secret)
    const trashed = await world.seedPhoto({ ownerId: ann.id })
    await walk(ann, 'DELETE /photos/:photoId', 204, { names: { photoId: trashed } })
    const { items } = await walk(ann, 'GET /me/webhooks/:webhookId/deliveries', 200, one)
    expect(items).toMatchObject([{ event: 'photo.trashed', state: 'queued', attempts: 0 }])
    const delivery = { names: { webhookId: webhook.id, deliveryId: items[0].id } }
    await twice(ann, 'POST /me/webhooks/:webhookId/deliveries/:deliveryId/replay', 202, delivery)
    await walk(bob, 'POST /me/webhooks/:webhookId/deliveries/:deliveryId/replay', 404, delivery)
    await walk(ann, 'DELETE /me/webhooks/:webhookId', 204, one)
    await walk(ann, 'DELETE /me/webhooks/:webhookId', 404, one)
    await walk(ann, 'GET /me/webhooks/:webhookId/deliveries', 404, one)
  })

  it('of push subscriptions is kept', async () => {
    // No worker runs here, so nothing is sent there.
    const { subscription: body } = createBrowser('https://93.184.216.34/send/1')
    const { endpoint } = body
    await walk(undefined, 'POST /me/push-subscriptions', 401, { body })
    await walk(ann, 'POST /me/push-subscriptions', 422, { body: { ...body, endpoint: 'https://[::1]/' } })
    const { subscription } = await walk(ann, 'POST /me/push-subscriptions', 201, { body })
    await twice(ann, 'POST /me/push-subscriptions', 200, { body })
    const { items, publicKey } = await walk(ann, 'GET /me/push-subscriptions', 200)
    expect(items).toEqual([subscription])
    expect(publicKey).toMatch(/^[\w-]{87}$/)
    await walk(bob, 'DELETE /me/push-subscriptions', 404, { body: { endpoint } })
    await walk(ann, 'DELETE /me/push-subscriptions', 204, { body: { endpoint } })
    await walk(ann, 'DELETE /me/push-subscriptions', 404, { body: { endpoint } })
  })

  it('of avatars is kept', async () => {
    const body = { contentType: 'image/jpeg', bytes: 1_000 }
    await walk(undefined, 'POST /me/avatar', 401, { body })
    await walk(ann, 'POST /me/avatar/complete', 409)
    await walk(ann, 'POST /me/avatar', 413, { body: { ...body, bytes: 10_485_761 } })
    await walk(ann, 'POST /me/avatar', 415, { body: { ...body, contentType: 'image/bmp' } })
    const { upload } = await walk(ann, 'POST /me/avatar', 201, { body })
    expect(upload).toMatchObject({ method: 'PUT', headers: { 'Content-Type': 'image/jpeg' } })
    await walk(ann, 'POST /me/avatar/complete', 409)
    const { avatar } = await walk(ann, 'GET /me/avatar', 200)
    expect(avatar).toMatchObject({ avatarUrl: null, upload: { status: 'awaiting_upload' } })
    await twice(ann, 'DELETE /me/avatar', 204, {})
    const given = await walk(ann, 'GET /me/avatar', 200)
    expect(given.avatar.upload).toMatchObject({ status: 'failed', failure: { code: 'upload_aborted' } })
  })

  it('of exports is kept', async () => {
    await walk(undefined, 'POST /me/exports', 401)
    const { export: asked } = await walk(cleo, 'POST /me/exports', 202)
    expect(asked).toMatchObject({ status: 'preparing', expiresAt: null, progress: { photos: 0, bytes: 0 } })
    expect(asked).not.toHaveProperty('url')
    await walk(cleo, 'POST /me/exports', 409)
    const one = { names: { exportId: asked.id as string } }
    expect((await walk(cleo, 'GET /me/exports', 200)).items).toMatchObject([{ id: asked.id }])
    expect((await walk(cleo, 'GET /me/exports/:exportId', 200, one)).export).toEqual(asked)
    await walk(bob, 'GET /me/exports/:exportId', 404, one)
    await walk(bob, 'DELETE /me/exports/:exportId', 404, one)
    await twice(cleo, 'DELETE /me/exports/:exportId', 204, one)
    expect((await walk(cleo, 'GET /me/exports/:exportId', 200, one)).export.status).toBe('deleted')
  })

  it('of sign-in through a provider is kept', async () => {
    const finish = async (subject: string, status: number, token?: string) => {
      const { url, cookie } = await begin(world, 'id', token)
      const { search } = await provider.signIn(url, subject)
      const step = { names: { provider: 'id' }, query: search.slice(1), headers: { Cookie: cookie } }
      return walk(undefined, 'GET /auth/:provider/callback', status, step)
    }
    await walk(undefined, 'GET /auth/:provider', 404, { names: { provider: 'nobody' } })
    const { url, expiresIn } = await walk(undefined, 'GET /auth/:provider', 200, {
      names: { provider: 'id' },
    })
    expect({ origin: new URL(url).origin, expiresIn }).toEqual({ origin: provider.issuer, expiresIn: 600 })
    await walk(undefined, 'GET /auth/:provider/callback', 422, { names: { provider: 'id' } })

    const names = { provider: 'id' }
    const { code, ticket } = await finish('finn', 401)
    expect(code).toBe('sign_up_required')
    const signUp = { names, body: { ticket, username: 'finn-of-id', displayName: 'Finn' } }
    await walk(undefined, 'POST /auth/:provider/sign-up', 422, { names, body: { ticket, username: 'me' } })
    const { user } = await walk(undefined, 'POST /auth/:provider/sign-up', 201, signUp)
    await walk(undefined, 'POST /auth/:provider/sign-up', 401, signUp)
    expect((await finish('finn', 201)).user).toEqual(user)

    const gwen = await world.signUp()
    const { identity } = await finish('gwen', 200, gwen.token)
    expect((await walk(gwen, 'GET /me/identities', 200)).items).toEqual([identity])
    await walk(undefined, 'GET /me/identities', 401)
    await finish('finn', 409, gwen.token)
    const one = { names: { identityId: identity.id } }
    await walk(undefined, 'DELETE /me/identities/:identityId', 401, one)
    await walk(gwen, 'DELETE /me/identities/:identityId', 204, one)
    await walk(gwen, 'DELETE /me/identities/:identityId', 404, one)
  })

  it('covers every route of these modules', () => {
    const part =
      /\/(follow|followers|following|follow-requests|block|blocks|mute|mutes|likes?|comments|albums|share|share-links|drop-box|notifications|notification-settings|events|trash|erasures|restore|reports|moderation|password|tokens|avatar|exports|security-events|two-factor|passkeys?|presence|suggested-tags|webhooks|push-subscriptions|auth|identities)(\/|$)/
    const routes = world.api.routes.map(({ method, path }) => `${method.toUpperCase()} ${path}`)
    expect(routes.filter((route) => part.test(route) && !walked.has(route))).toEqual([])
    expect([...walked].filter((route) => !routes.includes(route))).toEqual([])
  })
})
