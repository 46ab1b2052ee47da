import { createHash, randomUUID } from 'node:crypto'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_AVATAR_BYTES, MAX_PENDING_AVATARS } from '../../../src/domain/avatars.ts'
import { variantsPrefix } from '../../../src/services/photos/object-keys.ts'
import { createBlockList } from '../../../src/services/screening/block-list.ts'
import { createStorageEvents } from '../../../src/services/uploads/storage-events.ts'
import { follow } from '../../support/factories/follows.ts'
import { orientedImage } from '../../support/factories/images.ts'
import { edgeSettings, PrivateEdge } from '../../support/servers/private-edge.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'
import { openModerationWorld, type ModerationWorld } from '../../support/worlds/moderation-world.ts'
import {
  allWorkers,
  eventually,
  openUploadWorld,
  type UploadWorld,
} from '../../support/worlds/upload-world.ts'

let workers: UploadWorld
let world: ModerationWorld
let edge: PrivateEdge

beforeAll(async () => {
  edge = await PrivateEdge.start()
  const edges = edgeSettings([edge])
  workers = await openUploadWorld(edges)
  world = await openModerationWorld({ ...edges, TEMPORAL_NAMESPACE: workers.config.TEMPORAL_NAMESPACE })
  for (const definition of allWorkers) await workers.start(definition)
})
afterAll(async () => {
  await world?.close()
  await workers?.close()
  await edge?.remove()
})

const call = (who: Person | undefined, method: string, path: string, body?: unknown, headers = {}) =>
  world.call(method, `/v1${path}`, { token: who?.token, headers, ...(body === undefined ? {} : { body }) })

async function must(who: Person | undefined, method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await call(who, method, path, body)
  expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300)
  return answer.body
}

const picture = (background = '#446688') =>
  sharp({ create: { width: 700, height: 400, channels: 3, background } })
    .jpeg()
    .toBuffer()

interface Sending {
  contentType?: string
  /** What is sent, if not what was declared. */
  sent?: Buffer
}

async function send(who: Person, bytes: Buffer, { contentType = 'image/jpeg', sent = bytes }: Sending = {}) {
  const { upload } = await must(who, 'POST', '/me/avatar', { contentType, bytes: bytes.length })
  const { method, url, headers } = upload
  return fetch(url, { method, headers, body: new Uint8Array(sent) })
}

const settled = (who: Person): Promise<Json> =>
  eventually(async () => {
    const { avatar } = await must(who, 'GET', '/me/avatar')
    return ['ready', 'failed'].includes(avatar.upload?.status) ? avatar : undefined
  }, 60_000)

/** Uploads a picture and waits until it is shown. */
async function show(who: Person, bytes?: Buffer): Promise<string> {
  expect((await send(who, bytes ?? (await picture()))).status).toBe(200)
  await must(who, 'POST', '/me/avatar/complete')
  const avatar = await settled(who)
  expect(avatar.upload.status).toBe('ready')
  return avatar.avatarUrl
}

/** Asks the edge, wherever the URL says that it is. */
function fetchImage(url: string, headers: Record<string, string> = {}) {
  const { pathname, search } = new URL(url)
  return fetch(edge.url + pathname + search, { headers })
}

const avatarUrlOf = async (who: Person, viewer?: Person) =>
  (await must(viewer, 'GET', `/users/${who.username}`)).user.avatarUrl

const idOf = (url: string) => new URL(url).pathname.split('/')[2]!

/** Nothing of it is left: no row, no retraction that is owed, no object. */
const gone = (avatarId: string) =>
  eventually(async () => {
    const rows = await world.db.primary({
      text: `SELECT FROM avatars WHERE avatar_id = $1 UNION ALL SELECT FROM retractions WHERE subject = 'photo/' || $1::uuid`,
      values: [avatarId],
    })
    for await (const _ of workers.objects.list(variantsPrefix(avatarId))) return false
    return rows.length === 0
  }, 60_000)

describe('an avatar', { timeout: 120_000 }, () => {
  it('is the middle of the picture, upright, in each format and size', async () => {
    const ann = await world.signUp()
    const url = await show(ann, await orientedImage(700, 400, 6).jpeg().toBuffer())
    for (const [accept, format] of [
      ['image/avif,image/webp', 'heif'],
      ['image/webp', 'webp'],
      ['*/*', 'jpeg'],
    ] as const) {
      const answer = await fetchImage(url, { Accept: accept })
      expect(answer.status).toBe(200)
      expect(answer.headers.get('cache-control')).toContain('immutable')
      const {
        width,
        height,
        format: written,
        exif,
      } = await sharp(Buffer.from(await answer.arrayBuffer())).metadata()
      expect({ width, height, written, exif }).toEqual({
        width: 256,
        height: 256,
        written: format,
        exif: undefined,
      })
    }
    const { user } = await must(undefined, 'GET', `/users/${ann.username}`)
    expect(user.avatarUrl).toBe(url)
    for (const { size, url: source } of user.avatarSources) {
      const body = Buffer.from(await (await fetchImage(source)).arrayBuffer())
      // The picture is 400 high, and nothing is enlarged.
      expect((await sharp(body).metadata()).width).toBe(Math.min(size, 400))
    }
    const saved = await fetchImage(url, { 'Save-Data': 'on' })
    expect((await sharp(Buffer.from(await saved.arrayBuffer())).metadata()).width).toBe(128)
  })

  it('stands wherever the account is named', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const url = await show(ann)
    await follow(world.db, ann.id, bob.id)
    const photo = await world.seedPhoto({ ownerId: ann.id })
    const bobs = await world.seedPhoto({ ownerId: bob.id })
    await must(ann, 'PUT', `/photos/${bobs}/like`)
    await must(ann, 'POST', `/photos/${bobs}/comments`, { text: 'Fog.' })
    const { album } = await must(ann, 'POST', '/albums', { title: 'Harbour' })
    const seen = {
      me: (await must(ann, 'GET', '/me')).user,
      photo: (await must(bob, 'GET', `/photos/${photo}`)).photo.owner,
      followers: (await must(bob, 'GET', `/users/${bob.username}/followers`)).items[0],
      likes: (await must(bob, 'GET', `/photos/${bobs}/likes`)).items[0],
      comments: (await must(bob, 'GET', `/photos/${bobs}/comments`)).items[0].author,
      search: (await must(bob, 'GET', `/search/users?q=${ann.username}`)).items[0],
      suggest: (await must(bob, 'GET', `/search/suggest?q=${ann.username}`)).users[0],
      album: (await must(ann, 'GET', `/albums/${album.id}`)).album.owner,
      members: (await must(ann, 'GET', `/albums/${album.id}/members`)).items[0].user,
      activity: (await must(ann, 'GET', `/albums/${album.id}/activity`)).items[0]?.actor ?? {
        avatarUrl: url,
      },
    }
    for (const [where, account] of Object.entries(seen)) expect(account.avatarUrl, where).toBe(url)
    const told = await eventually(async () => {
      const { items } = await must(bob, 'GET', '/me/notifications')
      return items.length > 0 && items
    })
    expect(told[0].actors[0].avatarUrl).toBe(url)
  })

  it('stays until another is ready, and is gone with all its URLs then', async () => {
    const ann = await world.signUp()
    const first = await show(ann)
    expect((await fetchImage(first)).status).toBe(200)
    await send(ann, await picture('#aa3311'))
    expect(await avatarUrlOf(ann)).toBe(first)
    await must(ann, 'POST', '/me/avatar/complete')
    await eventually(async () => (await must(ann, 'GET', '/me/avatar')).avatar.avatarUrl !== first)
    const second = await avatarUrlOf(ann, ann)
    expect(second).not.toBe(first)
    expect((await fetchImage(second)).status).toBe(200)
    await gone(idOf(first))
    expect([403, 404]).toContain((await fetchImage(first)).status)
  })

  it('is gone once it is deleted, which may be done again', async () => {
    const ann = await world.signUp()
    const url = await show(ann)
    expect((await fetchImage(url)).status).toBe(200)
    await must(ann, 'DELETE', '/me/avatar')
    expect(await avatarUrlOf(ann)).toBeNull()
    expect((await must(ann, 'GET', '/me/avatar')).avatar).toEqual({ avatarUrl: null, upload: null })
    await gone(idOf(url))
    expect([403, 404]).toContain((await fetchImage(url)).status)
    await must(ann, 'DELETE', '/me/avatar')
  })

  it('is not shown after all if it is deleted while it is awaited', async () => {
    const ann = await world.signUp()
    await send(ann, await picture())
    await must(ann, 'DELETE', '/me/avatar')
    const avatar = await settled(ann)
    expect(avatar).toMatchObject({ avatarUrl: null, upload: { failure: { code: 'upload_aborted' } } })
    expect((await call(ann, 'POST', '/me/avatar/complete')).body.code).toBe('upload_closed')
  })

  it('is refused unless it is a picture as declared, with a reason', async () => {
    const jpeg = await picture()
    const cases: [string, Buffer, string][] = [
      ['not_an_image', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'image/jpeg'],
      ['type_mismatch', await sharp(jpeg).png().toBuffer(), 'image/jpeg'],
      ['truncated', jpeg.subarray(0, jpeg.length - 400), 'image/jpeg'],
      [
        'too_many_pixels',
        await sharp({ create: { width: 6_000, height: 5_000, channels: 3, background: '#000' } })
          .png()
          .toBuffer(),
        'image/png',
      ],
    ]
    const ann = await world.signUp()
    const shown = await show(ann)
    for (const [code, bytes, contentType] of cases) {
      expect((await send(ann, bytes, { contentType })).status).toBe(200)
      await must(ann, 'POST', '/me/avatar/complete')
      const avatar = await eventually(async () => {
        const state = (await must(ann, 'GET', '/me/avatar')).avatar
        return state.upload.status === 'failed' && state.upload.failure.code === code ? state : undefined
      }, 60_000)
      expect(avatar.avatarUrl).toBe(shown)
    }
    const left = await world.db.primary<{ avatar_id: string }>({
      text: `SELECT avatar_id FROM avatars WHERE owner_id = $1 AND status = 'failed'`,
      values: [ann.id],
    })
    expect(left).toHaveLength(cases.length)
    for (const { avatar_id: avatarId } of left)
      for await (const { key } of workers.objects.list(variantsPrefix(avatarId))) expect(key).toBe('nothing')
  })

  it('is refused if its picture is on the block list', async () => {
    const bytes = await picture('#ff00ff')
    const hash = createHash('sha256').update(bytes).digest('hex')
    await createBlockList(world.db).add([{ hash, verdict: 'quarantine', reason: 'known' }])
    const ann = await world.signUp()
    expect((await send(ann, bytes)).status).toBe(200)
    await must(ann, 'POST', '/me/avatar/complete')
    const avatar = await settled(ann)
    expect(avatar).toMatchObject({ avatarUrl: null, upload: { failure: { code: 'policy' } } })
  })

  it('is made by the event of the storage alone', async () => {
    const ann = await world.signUp()
    const jpeg = await picture()
    const { upload } = await must(ann, 'POST', '/me/avatar', {
      contentType: 'image/jpeg',
      bytes: jpeg.length,
    })
    await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: new Uint8Array(jpeg) })
    const [, bucket, ...key] = new URL(upload.url).pathname.split('/')
    const { db } = world
    const { outbox, config } = workers
    const storageEvents = createStorageEvents({ db, outbox, bucket: config.S3_BUCKET })
    expect(await storageEvents.objectsCreated([{ bucket: bucket!, key: key.join('/') }])).toBe(1)
    expect((await settled(ann)).upload.status).toBe('ready')
  })

  it('of an animation is its first frame', async () => {
    const frames = Buffer.concat([Buffer.alloc(40 * 40 * 3, 200), Buffer.alloc(40 * 40 * 3, 20)])
    const gif = await sharp(frames, { raw: { width: 40, height: 80, channels: 3, pageHeight: 40 } })
      .gif({ loop: 0, delay: [100, 100] })
      .toBuffer()
    const ann = await world.signUp()
    expect((await send(ann, gif, { contentType: 'image/gif' })).status).toBe(200)
    await must(ann, 'POST', '/me/avatar/complete')
    const { avatarUrl } = await settled(ann)
    const { data, info } = await sharp(Buffer.from(await (await fetchImage(avatarUrl)).arrayBuffer()))
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect(info).toMatchObject({ width: 40, height: 40 })
    expect(Math.abs(data[0]! - 200)).toBeLessThan(10)
  })

  it('takes exactly the bytes that were declared, and not too many', async () => {
    const ann = await world.signUp()
    const jpeg = await picture()
    expect((await send(ann, jpeg, { sent: Buffer.concat([jpeg, jpeg]) })).status).toBe(403)
    expect((await call(ann, 'POST', '/me/avatar/complete')).body.code).toBe('not_uploaded')
    const open = (body: object) => call(ann, 'POST', '/me/avatar', body)
    const large = await open({ contentType: 'image/jpeg', bytes: MAX_AVATAR_BYTES + 1 })
    expect({ status: large.status, code: large.body.code }).toEqual({ status: 413, code: 'too_large' })
    const odd = await open({ contentType: 'image/svg+xml', bytes: 100 })
    expect({ status: odd.status, code: odd.body.code }).toEqual({ status: 415, code: 'unsupported_type' })
    for (let opened = 1; opened < MAX_PENDING_AVATARS; opened++)
      expect((await open({ contentType: 'image/jpeg', bytes: 100 })).status).toBe(201)
    expect((await open({ contentType: 'image/jpeg', bytes: 100 })).body.code).toBe('quota_exceeded')
  })

  it('is opened once for each Idempotency-Key', async () => {
    const ann = await world.signUp()
    const jpeg = await picture()
    const headers = { 'Idempotency-Key': randomUUID() }
    const open = () =>
      call(ann, 'POST', '/me/avatar', { contentType: 'image/jpeg', bytes: jpeg.length }, headers)
    const first = (await open()).body.upload
    const again = (await open()).body.upload
    expect(new URL(again.url).pathname).toBe(new URL(first.url).pathname)
    await fetch(again.url, { method: 'PUT', headers: again.headers, body: new Uint8Array(jpeg) })
    await must(ann, 'POST', '/me/avatar/complete')
    expect((await settled(ann)).upload.status).toBe('ready')
    expect(await open()).toMatchObject({ status: 201, body: { upload: null } })
  })

  it('is hidden with the account, for good, and comes back with it', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const url = await show(ann)
    expect((await fetchImage(url)).status).toBe(200)
    await must(ann, 'POST', '/me/deactivate', { password: ann.password })
    expect((await call(bob, 'GET', `/users/${ann.username}`)).status).toBe(404)
    await eventually(async () => (await fetchImage(url)).status === 403)
    // Edges deny an account for an hour: the objects have moved from under its URLs.
    const epochOf = async () => {
      const [row] = await world.db.primary<{ avatar_epoch: number }>({
        text: `SELECT avatar_epoch FROM users WHERE user_id = $1
          AND NOT EXISTS (SELECT FROM retractions WHERE owner_id = $1)`,
        values: [ann.id],
      })
      return row?.avatar_epoch
    }
    await eventually(async () => (await epochOf()) === 1, 60_000)
    for await (const { key } of workers.objects.list(variantsPrefix(idOf(url)))) expect(key).toContain('/1/')

    const { username, password } = ann
    expect((await call(undefined, 'POST', '/sessions', { username, password })).status).toBe(201)
    const back = await eventually(async () => {
      const { status, body } = await call(bob, 'GET', `/users/${username}`)
      return status === 200 ? (body.user.avatarUrl as string) : undefined
    })
    expect(back).not.toBe(url)
    expect((await fetchImage(back)).status).toBe(200)
    expect((await fetchImage(url)).status).toBe(403)
  })

  it('of a suspended account is shown to nobody, itself included', async () => {
    const ann = await world.signUp()
    const url = await show(ann)
    const mia = await world.signUpAs('senior')
    const suspension = `/moderation/users/${ann.username}/suspension`
    await must(mia, 'PUT', suspension, { policy: 'spam', reason: 'Spam.' })
    await eventually(async () => (await fetchImage(url)).status === 403)
    const { user } = await must(ann, 'GET', '/me')
    expect(user).toMatchObject({ suspension: { until: null }, avatarUrl: null, avatarSources: [] })
    await must(mia, 'DELETE', suspension, { policy: 'spam', reason: 'A mistake.' })
    const back = (await must(ann, 'GET', '/me')).user.avatarUrl
    expect((await fetchImage(back)).status).toBe(200)
  })

  it('is shown of a private account, and not to whom it blocks', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const url = await show(ann)
    await must(ann, 'PATCH', '/me', { isPrivate: true })
    const now = await avatarUrlOf(ann, bob)
    expect(now).not.toBe(url)
    expect((await fetchImage(now)).status).toBe(200)
    await must(ann, 'PUT', `/users/${bob.username}/block`)
    expect((await call(bob, 'GET', `/users/${ann.username}`)).status).toBe(404)
  })
})
