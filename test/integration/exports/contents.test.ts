import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { variantKey } from '../../../src/services/photos/object-keys.ts'
import { buildStoredPhoto } from '../../support/factories/stored-originals.ts'
import { openApiWorld, type ApiWorld, type Json, type Person } from '../../support/worlds/api-world.ts'
import { exportsOver, unzipped, type ExportSteps } from '../../support/worlds/export-world.ts'

const HOSTILE = `<script>alert(1)</script> "#fog" & 'more' \u{1F4F7}`

let world: ApiWorld
let steps: ExportSteps
let ann: Person
let bob: Person
let eve: Person
let files: Map<string, Buffer>
let photoId: PhotoId
let albumId: string
/** Texts that are none of Ann's business, or that nobody may get. */
const SECRETS = {
  captionOfBob: `bobs-private-caption-${randomUUID()}`,
  commentOfBob: `a-comment-by-bob-${randomUUID()}`,
  albumOfBob: `bobs-own-album-${randomUUID()}`,
  password: 'a long password',
}

const call = async (who: Person, method: string, path: string, body?: unknown): Promise<Json> => {
  const answer = await world.call(method, `/v1${path}`, { token: who.token, body })
  expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300)
  return answer.body
}

beforeAll(async () => {
  world = await openApiWorld()
  const { clients } = world.api
  steps = exportsOver({ db: clients.db, objects: clients.objects, archive: clients.archive! })
  ;[ann, bob, eve] = [await world.signUp(), await world.signUp(), await world.signUp()]
  ;({ photoId } = await buildStoredPhoto(clients, ann.id, { caption: HOSTILE, visibility: 'private' }))
  const trashed = await buildStoredPhoto(clients, ann.id, { caption: 'In the trash' })
  const ofBob = await buildStoredPhoto(clients, bob.id, { caption: 'A boat' })
  await buildStoredPhoto(clients, bob.id, { caption: SECRETS.captionOfBob, visibility: 'private' })

  await call(ann, 'PATCH', '/me', { displayName: 'Ann', bio: 'Light & silver' })
  await call(ann, 'PATCH', `/photos/${photoId}`, {
    altText: 'A "quay"',
    location: { latitude: 47.4, longitude: 8.5 },
  })
  await call(ann, 'DELETE', `/photos/${trashed.photoId}`)
  await call(ann, 'PUT', `/users/${bob.username}/follow`)
  await call(bob, 'PUT', `/users/${ann.username}/follow`)
  await call(ann, 'PUT', `/users/${eve.username}/block`)
  await call(ann, 'PUT', `/users/${bob.username}/mute`)
  await call(ann, 'PUT', `/photos/${ofBob.photoId}/like`)
  await call(ann, 'POST', `/photos/${ofBob.photoId}/comments`, { text: 'What a boat' })
  await call(bob, 'POST', `/photos/${ofBob.photoId}/comments`, { text: SECRETS.commentOfBob })
  albumId = (await call(ann, 'POST', '/albums', { title: 'Fog', visibility: 'private' })).album.id
  await call(ann, 'PUT', `/albums/${albumId}/photos/${photoId}`, {})
  await call(ann, 'PUT', `/albums/${albumId}/members/${bob.username}`, { role: 'viewer' })
  await call(ann, 'POST', `/albums/${albumId}/share-links`, {
    label: 'For Karl',
    password: 'a shared password',
  })
  await call(bob, 'POST', '/albums', { title: SECRETS.albumOfBob, visibility: 'private' })
  await call(ann, 'POST', '/reports', {
    subject: { type: 'photo', id: ofBob.photoId },
    reason: 'spam',
    detail: 'It sells.',
  })
  await call(ann, 'PATCH', '/me/notification-settings', { like: { inApp: false } })
  await call(ann, 'POST', '/me/tokens', { name: 'Nightly', scopes: ['read'] })

  const avatarId = randomUUID()
  await clients.db.primary({
    text: `INSERT INTO avatars (avatar_id, owner_id, status, content_type, bytes, upload_expires_at)
      VALUES ($1, $2, 'ready', 'image/png', 7, now())`,
    values: [avatarId, ann.id],
  })
  await clients.db.primary({
    text: 'UPDATE users SET avatar_id = $2, avatar_epoch = 3 WHERE user_id = $1',
    values: [ann.id, avatarId],
  })
  await clients.objects.put(
    variantKey(avatarId, 3, 'square_512', 'jpeg'),
    Buffer.from('a face'),
    'image/jpeg',
  )

  const exportId = await steps.ask(ann.id)
  await steps.run(exportId)
  files = await unzipped(await steps.download(exportId))
})
afterAll(() => world?.close())

const json = (name: string): Json => JSON.parse(files.get(`data/${name}.json`)!.toString())

describe('what an export tells', () => {
  it('is the account and its settings', () => {
    expect(json('account')).toMatchObject({
      username: ann.username,
      displayName: 'Ann',
      bio: 'Light & silver',
      status: 'active',
      notificationSettings: { like: { inApp: false } },
      avatar: { contentType: 'image/png', bytes: 7, file: 'avatar.jpg' },
    })
    expect(files.get('avatar.jpg')!.toString()).toBe('a face')
  })

  it('is every photo with what its owner and its file say of it', () => {
    const [photo, trashed] = json('photos-0001')
    expect(photo).toMatchObject({
      id: photoId,
      caption: HOSTILE,
      altText: 'A "quay"',
      tags: ['fog'],
      visibility: 'private',
      status: 'ready',
      location: { latitude: 47.4, longitude: 8.5 },
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(files.has(photo.file)).toBe(true)
    expect(trashed).toMatchObject({ caption: 'In the trash', status: 'trashed' })
    expect(files.has(trashed.file)).toBe(true)
  })

  it('is what the account did, and whom it knows', () => {
    expect(json('albums-0001')).toMatchObject([
      {
        id: albumId,
        title: 'Fog',
        role: 'owner',
        members: [{ username: ann.username }, { username: bob.username, role: 'viewer' }],
      },
    ])
    expect(json('album-photos-0001')).toMatchObject([{ albumId, photoId }])
    expect(json('share-links-0001')).toMatchObject([{ albumId, label: 'For Karl', hasPassword: true }])
    expect(json('comments-0001')).toMatchObject([{ text: 'What a boat' }])
    expect(json('likes-0001')).toHaveLength(1)
    expect(json('following-0001')).toMatchObject([{ username: bob.username }])
    expect(json('followers-0001')).toMatchObject([{ username: bob.username }])
    expect(json('blocks-0001')).toMatchObject([{ username: eve.username }])
    expect(json('mutes-0001')).toMatchObject([{ username: bob.username, until: null }])
    expect(json('reports-0001')).toMatchObject([{ reason: 'spam', detail: 'It sells.' }])
  })

  it('is what keeps the account safe, without a secret', () => {
    expect(json('sessions-0001').length).toBeGreaterThan(0)
    expect(json('security-events-0001')).toContainEqual(expect.objectContaining({ kind: 'token_created' }))
    expect(json('tokens-0001')).toMatchObject([{ name: 'Nightly', scopes: ['read'] }])
    const all = Buffer.concat([...files.values()]).toString('latin1')
    for (const pattern of [/argon2/, /darkroom_[\w-]{20}/, /token_?hash/i, /password_?hash/i])
      expect(all).not.toMatch(pattern)
  })

  it('is nothing that belongs to others alone', () => {
    const all = Buffer.concat([...files.values()]).toString()
    for (const secret of Object.values(SECRETS)) expect(all).not.toContain(secret)
  })

  it('has a file for every list, each of which is JSON', () => {
    const names = [...files.keys()].filter((name) => name.startsWith('data/'))
    expect(names.length).toBeGreaterThan(15)
    for (const name of names) JSON.parse(files.get(name)!.toString())
    expect(json('moderation-0001')).toEqual([])
    expect(json('follow-requests-0001')).toEqual([])
  })
})

describe('the pages of an export', () => {
  it('show texts as texts, and link within the archive alone', () => {
    const pages = [...files].filter(([name]) => name.endsWith('.html'))
    expect(pages.map(([name]) => name).sort()).toEqual(['gallery/0001.html', 'index.html'])
    for (const [name, bytes] of pages) {
      const html = bytes.toString()
      expect(html).not.toMatch(/<script/i)
      expect(html).not.toMatch(/(?:src|href)="(?:https?:|\/)/)
      for (const [, link] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
        const target = new URL(link!, `file:///${name}`).pathname.slice(1)
        expect(files.has(decodeURIComponent(target)), `${name} links to ${link}`).toBe(true)
      }
    }
    const gallery = files.get('gallery/0001.html')!.toString()
    expect(gallery).toContain(
      '&#60;script&#62;alert(1)&#60;/script&#62; &#34;#fog&#34; &#38; &#39;more&#39; \u{1F4F7}',
    )
    expect(gallery).toContain('alt="A &#34;quay&#34;"')
  })
})
