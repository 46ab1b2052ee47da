import { randomBytes, randomUUID } from 'node:crypto'
import sharp from 'sharp'
import { expect } from 'vitest'
import { accountErasureWorkflowId } from '../../../src/contracts/account-erasure.ts'
import { eventLogKey } from '../../../src/infra/redis/event-logs.ts'
import { headKey } from '../../../src/infra/redis/feed-heads.ts'
import { tracesOf, type Searched } from '../../support/traces.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'
import type { ErasureWorld } from '../../support/worlds/erasure-world.ts'
import { eventually } from '../../support/worlds/upload-world.ts'

/** An account that has left something in every store and table that accounts write, and what others have beside it. */
export interface Traces {
  /** Part of whatever it wrote. */
  mark: string
  since: Date
  ann: Person
  bob: Person
  cleo: Person
  photoIds: string[]
  /** The id of Bob's photo, and the comments on it. */
  bobs: string
  answered: string
  reply: string
  cleos: string
  bobsAlbum: string
}

export async function leaveTraces(of: ErasureWorld): Promise<Traces> {
  const { world, edge, must, upload } = of
  const since = new Date()
  const mark = `zq${randomBytes(6).toString('hex')}`
  const ann = await of.somebody(mark)
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
  const avatarId = await showAvatar(of, ann, { ImageDescription: `${mark} face` })
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
  await world.db.primary({
    text: `INSERT INTO webhooks (webhook_id, user_id, url, events) VALUES (uuidv7(), $1, $2, '{photo.deleted}')`,
    values: [ann.id, `https://${mark}.example/hook`],
  })
  const { id: exportId } = (await must(ann, 'POST', '/me/exports')).export
  await eventually(
    async () => (await must(ann, 'GET', `/me/exports/${exportId}`)).export.status === 'ready',
    60_000,
  )
  const wrong = { username: ann.username, password: 'a guess' }
  expect((await of.call(undefined, 'POST', '/sessions', wrong)).status).toBe(401)
  for (const who of [ann, bob]) await must(who, 'GET', '/feed')
  await of.written()
  await must(ann, 'GET', '/me/notifications')
  const traces = {
    mark,
    since,
    ann,
    bob,
    cleo,
    photoIds,
    answered,
    reply,
    cleos,
    bobs: bobs.id,
    bobsAlbum: bobsAlbum.id,
  }

  const before = await tracesOf([mark], searchedBy(of, traces))
  for (const store of [
    'postgres users',
    'postgres comments',
    'postgres albums',
    'opensearch',
    'bytes of',
    'bytes of exports/',
  ])
    expect(before.join('\n'), store).toContain(store)
  expect((await imagesAtEdge(of, traces)).length).toBeGreaterThan(2)
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
  return traces
}

/** Uploads an avatar whose file names its owner, and waits until it is shown. @returns its id */
async function showAvatar(of: ErasureWorld, who: Person, exif: Record<string, string>): Promise<string> {
  const bytes = await sharp({ create: { width: 300, height: 300, channels: 3, background: '#446688' } })
    .withExif({ IFD0: exif })
    .jpeg()
    .toBuffer()
  const opened = await of.must(who, 'POST', '/me/avatar', { contentType: 'image/jpeg', bytes: bytes.length })
  const { method, url, headers } = opened.upload
  expect((await fetch(url, { method, headers, body: new Uint8Array(bytes) })).status).toBe(200)
  await of.must(who, 'POST', '/me/avatar/complete')
  const shown = await eventually(async () => {
    const { avatar } = (await of.call(who, 'GET', '/me/avatar')).body
    return (avatar.avatarUrl as string | null) ?? undefined
  }, 60_000)
  const { pathname, search } = new URL(shown)
  expect((await fetch(of.edge.url + pathname + search)).status).toBe(200)
  return pathname.split('/')[2]!
}

const searchedBy = ({ world, workers, edge }: ErasureWorld, { since }: Pick<Traces, 'since'>): Searched => ({
  world,
  objects: workers.objects,
  edges: [edge],
  since,
})

const imagesAtEdge = async ({ edge }: ErasureWorld, { photoIds }: Pick<Traces, 'photoIds'>) =>
  (await edge.cached()).filter(
    (text) => photoIds.some((id) => text.includes(id)) && /content-type: image/i.test(text),
  )

/**
 * Nothing of it is found, others are as they were, and the receipt says so.
 * @param isDisturbed workers were killed: what a workflow of a photo removed, and could not say any more, is in no count
 */
export async function expectErased(
  of: ErasureWorld,
  traces: Traces,
  erasure: { id: string; secret: string },
  { isDisturbed = false } = {},
): Promise<void> {
  const { world, must } = of
  const { mark, ann, bob, cleo, photoIds, bobs, answered, reply, cleos, bobsAlbum } = traces
  // Access tokens live five minutes, and an erasure whose worker dies at each step may take longer on a busy machine.
  for (const who of [bob, cleo]) {
    const { refreshToken } = who
    who.token = (await of.must(undefined, 'POST', '/sessions/refresh', { refreshToken })).accessToken
  }
  const searched = searchedBy(of, traces)
  expect(await tracesOf([mark], searched)).toEqual([])
  // What an edge has under the paths of images is that there are none.
  expect(await imagesAtEdge(of, traces)).toEqual([])
  expect(await tracesOf(photoIds, { ...searched, edges: [], since: new Date() })).toEqual([])
  for (const key of [headKey(ann.id), eventLogKey(ann.id)])
    expect(await world.api.clients.redis.exists(key)).toBe(0)
  expect(await openExecutions(of, ann)).toEqual([accountErasureWorkflowId(ann.id)])

  // Others: counts are right, and what they said is still there.
  const seen = (await must(cleo, 'GET', `/photos/${bobs}`)).photo
  expect({ likes: seen.likeCount, comments: seen.commentCount }).toEqual({ likes: 1, comments: 2 })
  const { items: comments } = await must(cleo, 'GET', `/photos/${bobs}/comments`)
  expect(comments.map(({ id }: Json) => id).sort()).toEqual([answered, cleos].sort())
  expect(comments.find(({ id }: Json) => id === answered)).toMatchObject({
    deleted: true,
    text: '',
    author: { id: '0', username: 'deleted', displayName: null },
    replyCount: 1,
  })
  expect(comments.find(({ id }: Json) => id === cleos)).toMatchObject({ deleted: false, replyCount: 0 })
  const { items: replies } = await must(cleo, 'GET', `/photos/${bobs}/comments?parentId=${answered}`)
  expect(replies).toMatchObject([{ id: reply, text: 'A reply that stays' }])
  expect((await must(cleo, 'GET', `/users/${bob.username}`)).user).toMatchObject({
    followerCount: 0,
    followingCount: 0,
  })
  const { items: shown } = await must(bob, 'GET', `/albums/${bobsAlbum}/photos`)
  expect(shown.map(({ id }: Json) => id)).toEqual([bobs])
  expect((await must(bob, 'GET', `/albums/${bobsAlbum}`)).album).toMatchObject({ photoCount: 1 })
  const told = JSON.stringify((await must(bob, 'GET', '/me/notifications')).items)
  expect(told).not.toContain(ann.id)
  expect(told).toContain(cleo.username)

  // The receipt, for whoever has the secret.
  const receipt = (await of.receiptOf(erasure)).body.erasure
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
    webhooks: 1,
    // Its webhooks end with its beginning: of the deleted photos, none was told.
    webhook_deliveries: 0,
    account_exports: 1,
  })
  expect(removedFrom('bucket').exports).toBe(1)
  if (!isDisturbed) {
    expect(removedFrom('bucket').objects).toBeGreaterThan(4)
    expect(removedFrom('edges')['cached images']).toBeGreaterThan(0)
    expect(removedFrom('opensearch')['photo documents']).toBeGreaterThan(0)
  }
  expect(removedFrom('temporal')['workflow executions']).toBeGreaterThan(0)
  for (const { store, removed } of receipt.stores)
    for (const item of removed) expect(item.verifiedAt, `${store} ${item.what}`).not.toBeNull()
  expect(receipt.kept.map(({ what }: Json) => what)).toEqual(
    expect.arrayContaining(['comments', 'reports', 'users']),
  )
}

/** Ids of the workflow executions that carry the account's number. */
async function openExecutions({ workers }: ErasureWorld, { id }: Person): Promise<string[]> {
  const ids: string[] = []
  for await (const { workflowId } of workers.temporal.workflow.list({ query: `DarkroomOwner = '${id}'` }))
    ids.push(workflowId)
  return ids
}
