import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CommentId, PhotoId } from '../../../src/domain/ids.ts'
import { sweepComments } from '../../../src/services/engagement/sweep-comments.ts'
import type { Json, Person, RequestOptions } from '../../support/worlds/api-world.ts'
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

const newPhoto = (of: object = {}) => world.seedPhoto({ ownerId: owner.id, ...of })
const comment = (who: Person, photoId: PhotoId, body: object, options: RequestOptions = {}) =>
  world.call('POST', `/v1/photos/${photoId}/comments`, { token: who.token, body, ...options })
const say = async (who: Person, photoId: PhotoId, text: string, parentId?: CommentId) => {
  const { status, body } = await comment(who, photoId, { text, ...(parentId ? { parentId } : {}) })
  expect(status).toBe(201)
  return body.comment
}
const show = (who: Person | undefined, id: CommentId, headers: Record<string, string> = {}) =>
  world.call('GET', `/v1/comments/${id}`, { token: who?.token, headers })
const edit = (who: Person, id: CommentId, text: string, headers: Record<string, string> = {}) =>
  world.call('PATCH', `/v1/comments/${id}`, { token: who.token, body: { text }, headers })
const remove = (who: Person, id: CommentId) =>
  world.call('DELETE', `/v1/comments/${id}`, { token: who.token })
const list = (who: Person | undefined, photoId: PhotoId, query = '') =>
  world.call('GET', `/v1/photos/${photoId}/comments${query}`, { token: who?.token })
const textsOf = (page: Json): string[] => page.body.items.map(({ text }: { text: string }) => text)
const photo = async (photoId: PhotoId, who = owner) =>
  (await world.call('GET', `/v1/photos/${photoId}`, { token: who.token })).body.photo
const set = (who: Person, photoId: PhotoId, body: object) =>
  world.call('PATCH', `/v1/photos/${photoId}`, { token: who.token, body })
describe('a comment', () => {
  it('is shown with its author, counted, and changes no version', async () => {
    const id = await newPhoto()
    const before = await world.call('GET', `/v1/photos/${id}`, { token: owner.token })
    const answer = await comment(ann, id, { text: 'Lovely #fog' })
    expect(answer).toMatchObject({
      status: 201,
      body: {
        comment: {
          photoId: id,
          parentId: null,
          author: { id: ann.id, username: ann.username },
          text: 'Lovely #fog',
          mentions: [],
          replyCount: 0,
          editedAt: null,
        },
      },
    })
    expect(answer.headers.get('Location')).toBe(`/v1/comments/${answer.body.comment.id}`)
    expect((await show(ann, answer.body.comment.id)).body).toEqual(answer.body)
    const after = await world.call('GET', `/v1/photos/${id}`, {
      token: owner.token,
      headers: { 'If-None-Match': before.headers.get('ETag')! },
    })
    expect(after).toMatchObject({ status: 200, body: { photo: { commentCount: 1, tags: [] } } })
    const headers = { 'If-Match': before.headers.get('ETag')! }
    const edited = { token: owner.token, body: { caption: 'x' }, headers }
    expect((await world.call('PATCH', `/v1/photos/${id}`, edited)).status).toBe(200)
  })

  it('does not tag the photo', async () => {
    const id = await newPhoto({ caption: 'One #own' })
    const tags = () =>
      world.db.primary({ text: 'SELECT tag FROM photo_tags WHERE photo_id = $1', values: [id] })
    const before = await tags()
    const { id: commentId } = await say(ann, id, '#comment #fog')
    await edit(ann, commentId, '#other')
    expect(await tags()).toEqual(before)
  })

  it.each([
    ['', 'body.text'],
    ['   \n\t', 'body.text'],
    ['\u200b\u2060\u00ad', 'body.text'],
    ['\u202e', 'body.text'],
    ['x'.repeat(2_201), 'body.text'],
    ['\u0958'.repeat(2_200), 'body.text'],
  ])('is refused without words or with too many: %j', async (text, path) => {
    const id = await newPhoto()
    const before = await world.rowCounts()
    expect(await comment(ann, id, { text })).toMatchObject({
      status: 422,
      body: { code: 'invalid', errors: [{ path }] },
    })
    expect(await world.rowCounts()).toEqual(before)
  })

  it('is kept in NFC, at full length, without what turns text around', async () => {
    const id = await newPhoto()
    expect((await say(ann, id, 'Zu\u0308rich \u202eabc')).text).toBe('Zürich abc')
    expect((await say(ann, id, '🌫'.repeat(2_200))).text).toBe('🌫'.repeat(2_200))
  })

  it('returns the same answer for the same Idempotency-Key', async () => {
    const id = await newPhoto()
    const options = { headers: { 'Idempotency-Key': `key-${id}` } }
    const answers = [await comment(ann, id, { text: 'once' }, options)]
    answers.push(await comment(ann, id, { text: 'once' }, options))
    expect(answers[1]).toMatchObject({ status: 201, body: answers[0]!.body })
    expect(answers[1]!.headers.get('Location')).toBe(answers[0]!.headers.get('Location'))
    expect((await photo(id)).commentCount).toBe(1)
    expect(await comment(ann, id, { text: 'twice' }, options)).toMatchObject({
      status: 422,
      body: { code: 'idempotency_mismatch' },
    })
    await remove(ann, answers[0]!.body.comment.id)
    expect((await comment(ann, id, { text: 'once' }, options)).status).toBe(404)
    expect((await photo(id)).commentCount).toBe(0)
  })

  it('has the rights of its photo', async () => {
    const id = await newPhoto()
    const { id: commentId } = await say(ann, id, 'seen')
    const hidden = await newPhoto({ visibility: 'private' })
    expect((await set(owner, id, { visibility: 'private' })).status).toBe(200)
    const answers = async (photoId: PhotoId, of: CommentId) =>
      Promise.all(
        [
          list(bob, photoId),
          list(bob, photoId, `?parentId=${of}`),
          comment(bob, photoId, { text: 'x' }),
          comment(bob, photoId, { text: 'x', parentId: of }),
          show(bob, of),
          edit(bob, of, 'x'),
          remove(bob, of),
        ].map(async (answer) => {
          const { status, body } = await answer
          return { status, ...body, requestId: '' }
        }),
      )
    const absent = await answers(ABSENT, ABSENT)
    expect(new Set(absent.map(({ status }) => status))).toEqual(new Set([404]))
    expect(await answers(id, commentId)).toEqual(absent)
    expect(await answers(hidden, ABSENT)).toEqual(absent)
    for (const person of [ann, undefined]) expect((await show(person, commentId)).status).toBe(404)
    expect((await show(owner, commentId)).status).toBe(200)
    await world.call('DELETE', `/v1/photos/${id}`, { token: owner.token })
    expect((await show(owner, commentId)).status).toBe(404)
  })

  it('needs an account', async () => {
    const id = await newPhoto()
    expect((await world.call('POST', `/v1/photos/${id}/comments`, { body: { text: 'x' } })).status).toBe(401)
    expect((await list(undefined, id)).status).toBe(200)
  })
})

describe('threads', () => {
  it('list comments newest first and replies oldest first', async () => {
    const id = await newPhoto()
    const first = await say(ann, id, 'first')
    await say(bob, id, 'second')
    for (const text of ['a', 'b', 'c']) await say(bob, id, text, first.id)
    await expect.poll(async () => textsOf(await list(ann, id, `?parentId=${first.id}`))).toHaveLength(3)
    const top = await list(ann, id)
    expect(top.body.items).toMatchObject([
      { text: 'second', replyCount: 0 },
      { text: 'first', replyCount: 3 },
    ])
    const page = await list(ann, id, `?parentId=${first.id}&limit=2`)
    expect(textsOf(page)).toEqual(['a', 'b'])
    expect(page.body.items[0]).toMatchObject({ parentId: first.id })
    const rest = await list(ann, id, `?parentId=${first.id}&limit=2&cursor=${page.body.nextCursor}`)
    expect(textsOf(rest)).toEqual(['c'])
    expect(rest.body.nextCursor).toBeNull()
    const newest = await list(ann, id, '?limit=1')
    expect(textsOf(await list(ann, id, `?limit=1&cursor=${newest.body.nextCursor}`))).toEqual(['first'])
    expect((await list(ann, id, `?cursor=${page.body.nextCursor}`)).body.code).toBe('bad_cursor')
    expect((await photo(id)).commentCount).toBe(5)
  })

  it('have two levels, within one photo, and do not tell of hidden parents', async () => {
    const [id, other] = [await newPhoto(), await newPhoto()]
    const top = await say(ann, id, 'top')
    const reply = await say(bob, id, 'reply', top.id)
    const elsewhere = await say(ann, other, 'elsewhere')
    const deleted = await say(ann, id, 'deleted')
    await remove(ann, deleted.id)
    const blocker = await world.signUp()
    const hidden = await say(blocker, id, 'hidden')
    await world.block(blocker, bob)
    const refusals = await Promise.all(
      [reply.id, elsewhere.id, deleted.id, hidden.id, ABSENT].map(async (parentId) => {
        const { status, body } = await comment(bob, id, { text: 'x', parentId })
        return { status, ...body, requestId: '' }
      }),
    )
    expect(refusals[0]).toMatchObject({ status: 422, code: 'invalid', errors: [{ path: 'body.parentId' }] })
    for (const refusal of refusals) expect(refusal).toEqual(refusals[0])
    for (const parentId of [elsewhere.id, deleted.id, hidden.id, ABSENT])
      expect((await list(bob, id, `?parentId=${parentId}`)).status).toBe(404)
    expect((await photo(id)).commentCount).toBe(3)
    expect((await comment(bob, id, { text: 'x', parentId: 'nonsense' })).body.errors).toMatchObject([
      { path: 'body.parentId' },
    ])
  })

  it('leave out comments of suspended accounts and those behind a block', async () => {
    const id = await newPhoto()
    const [suspended, blocker, blocked] = [await world.signUp(), await world.signUp(), await world.signUp()]
    const top = await say(ann, id, 'ann')
    const of = await Promise.all([suspended, blocker, blocked].map((who) => say(who, id, who.username)))
    await Promise.all([suspended, blocker, blocked].map((who) => say(who, id, 'reply', top.id)))
    await say(ann, id, 'below', of[1].id)
    await world.block(blocker, ann)
    await world.block(ann, blocked)
    await world.setStatus(suspended, 'suspended')
    expect(textsOf(await list(ann, id))).toEqual(['ann'])
    expect(textsOf(await list(ann, id, `?parentId=${top.id}`))).toEqual([])
    expect(textsOf(await list(bob, id)).sort()).toEqual(['ann', blocker.username, blocked.username].sort())
    for (const { id: commentId } of of) expect((await show(ann, commentId)).status).toBe(404)
    expect((await list(ann, id, `?parentId=${of[1].id}`)).status).toBe(404)
    expect(await photo(id)).toMatchObject({ commentCount: 8 })
  })
})

describe('who may comment', () => {
  it('is said by the photo, and else by the account', async () => {
    const author = await world.signUp()
    const [follower, stranger] = [await world.signUp(), await world.signUp()]
    await world.follow(follower, author)
    const id = await world.seedPhoto({ ownerId: author.id })
    const outcome = async () => ({
      policy: (await photo(id, stranger)).commentPolicy,
      stranger: (await comment(stranger, id, { text: 'x' })).status,
      follower: (await comment(follower, id, { text: 'x' })).status,
      owner: (await comment(author, id, { text: 'x' })).status,
    })
    const prefer = (defaultCommentPolicy: string) =>
      world.call('PATCH', '/v1/me', { token: author.token, body: { defaultCommentPolicy } })
    const all = { stranger: 201, follower: 201, owner: 201 }
    expect(await outcome()).toEqual({ policy: 'everyone', ...all })
    expect((await prefer('followers')).body.user.defaultCommentPolicy).toBe('followers')
    const me = await world.call('GET', '/v1/me', { token: author.token })
    expect(me.body.user.defaultCommentPolicy).toBe('followers')
    expect(await outcome()).toEqual({ policy: 'followers', ...all, stranger: 403 })
    await set(author, id, { commentPolicy: 'nobody' })
    expect(await outcome()).toEqual({ policy: 'nobody', stranger: 403, follower: 403, owner: 201 })
    await set(author, id, { commentPolicy: 'everyone' })
    expect(await outcome()).toEqual({ policy: 'everyone', ...all })
    await set(author, id, { commentPolicy: null })
    expect((await outcome()).policy).toBe('followers')
    expect(await comment(stranger, id, { text: 'x' })).toMatchObject({ body: { code: 'forbidden' } })
  })

  it('can be said when the photo is created', async () => {
    const body = { contentType: 'image/jpeg', bytes: 10 }
    const open = (more: object) =>
      world.call('POST', '/v1/photos', { token: bob.token, body: { ...body, ...more } })
    expect((await open({ commentPolicy: 'followers' })).body.photo.commentPolicy).toBe('followers')
    expect((await open({})).body.photo.commentPolicy).toBe('everyone')
    expect((await open({ commentPolicy: 'friends' })).body.errors).toMatchObject([
      { path: 'body.commentPolicy' },
    ])
    const refused = await world.call('PATCH', '/v1/me', {
      token: bob.token,
      body: { defaultCommentPolicy: null },
    })
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: 'body.defaultCommentPolicy' }] } })
  })
})

describe('editing', () => {
  it('is the author’s alone, and shows', async () => {
    const id = await newPhoto()
    const made = await say(ann, id, 'one')
    for (const other of [owner, bob])
      expect(await edit(other, made.id, 'x')).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    const edited = await edit(ann, made.id, 'two')
    expect(edited).toMatchObject({
      status: 200,
      body: { comment: { text: 'two', editedAt: expect.any(String) } },
    })
    const again = await edit(ann, made.id, 'two')
    expect(again.body).toEqual(edited.body)
    await expect.poll(async () => (await show(undefined, made.id)).body).toEqual(edited.body)
  })

  it('honours If-Match, which a reply does not break', async () => {
    const id = await newPhoto()
    const made = await say(ann, id, 'one')
    const etag = (await show(ann, made.id)).headers.get('ETag')!
    await say(bob, id, 'reply', made.id)
    const headers = { 'If-Match': etag }
    const answers = await Promise.all(['two', 'three'].map((text) => edit(ann, made.id, text, headers)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412])
    const now = await show(ann, made.id)
    expect((await show(ann, made.id, { 'If-None-Match': now.headers.get('ETag')! })).status).toBe(304)
    expect((await show(ann, made.id, { 'If-None-Match': etag })).status).toBe(200)
  })
})

describe('deleting', () => {
  it.each([
    ['the author', (): Person => ann, 204],
    ['the owner of the photo', (): Person => owner, 204],
    ['anyone else', (): Person => bob, 403],
  ])('by %s answers %3$d', async (_who, who, status) => {
    const id = await newPhoto()
    const made = await say(ann, id, 'one')
    expect((await remove(who(), made.id)).status).toBe(status)
    expect((await photo(id)).commentCount).toBe(status === 204 ? 0 : 1)
    expect(textsOf(await list(ann, id))).toHaveLength(status === 204 ? 0 : 1)
    if (status === 204) expect((await remove(who(), made.id)).status).toBe(404)
  })

  it('is open to moderators, and to owners who block the author', async () => {
    const moderator = await world.signUp()
    await world.db.primary({
      text: `UPDATE users SET role = 'moderator' WHERE user_id = $1`,
      values: [moderator.id],
    })
    const author = await world.signUp()
    const rude = await world.signUp()
    const id = await world.seedPhoto({ ownerId: author.id })
    const [one, two] = [await say(rude, id, 'one'), await say(rude, id, 'two')]
    expect((await remove(moderator, one.id)).status).toBe(204)
    await world.block(author, rude)
    expect((await list(author, id)).body.items).toEqual([])
    expect((await remove(author, two.id)).status).toBe(204)
    expect((await photo(id, author)).commentCount).toBe(0)
  })

  it('hides all replies at once and leaves their rows to the sweep', async () => {
    await sweepComments(world.db.primary, 183).run()
    const id = await newPhoto()
    const kept = await say(ann, id, 'kept')
    const top = await say(ann, id, 'top')
    const reply = await say(bob, id, 'reply', top.id)
    const gone = await say(bob, id, 'gone', top.id)
    await remove(bob, gone.id)
    expect((await show(ann, top.id)).body.comment.replyCount).toBe(1)
    await world.db.primary({
      text: `INSERT INTO comments (comment_id, photo_id, author_id, parent_id, text)
             SELECT gen_random_uuid(), $1, $2, $3, 'many' FROM generate_series(1, 2000)`,
      values: [id, bob.id, top.id],
    })
    await world.db.primary({
      text: 'UPDATE comments SET reply_count = reply_count + 2000 WHERE comment_id = $1',
      values: [top.id],
    })
    await world.db.primary({
      text: 'UPDATE photo_counters SET comments = comments + 2000 WHERE photo_id = $1 AND slot = 0',
      values: [id],
    })
    const rows = async () =>
      (
        await world.db.primary<{ n: number }>({
          text: 'SELECT count(*)::int AS n FROM comments WHERE photo_id = $1',
          values: [id],
        })
      )[0]!.n
    expect((await remove(ann, top.id)).status).toBe(204)
    expect((await photo(id)).commentCount).toBe(1)
    expect(await rows()).toBe(2004)
    for (const request of [show(bob, reply.id), edit(bob, reply.id, 'x'), remove(bob, reply.id)])
      expect((await request).status).toBe(404)
    expect((await list(bob, id, `?parentId=${top.id}`)).status).toBe(404)
    expect((await comment(bob, id, { text: 'late', parentId: top.id })).status).toBe(422)

    expect(await sweepComments(world.db.primary, 183).run()).toBe(2003)
    expect(await rows()).toBe(1)
    expect(textsOf(await list(undefined, id))).toEqual([kept.text])
    expect(await sweepComments(world.db.primary, 183).run()).toBe(0)
  })
})

describe('mentions', () => {
  const mentionsOf = (made: Json) => made.mentions.map(({ username }: Person) => username)

  it('name the accounts that exist for the author and the viewer', async () => {
    const id = await newPhoto()
    const [blocker, suspended, shy] = [await world.signUp(), await world.signUp(), await world.signUp()]
    await world.block(blocker, ann)
    await world.setStatus(suspended, 'suspended')
    const names = [bob, blocker, suspended, shy].map(({ username }) => `@${username.toUpperCase()}`)
    const made = await say(ann, id, `${names.join(', ')}, @nobody-at-all, ${bob.username}@example.org`)
    expect(mentionsOf(made).sort()).toEqual([bob.username, shy.username].sort())
    expect(made.mentions[0]).toEqual({ id: expect.any(String), username: expect.any(String) })
    await world.block(shy, owner)
    expect(mentionsOf((await show(owner, made.id)).body.comment)).toEqual([bob.username])
    await world.setStatus(shy, 'suspended')
    expect(mentionsOf((await show(undefined, made.id)).body.comment)).toEqual([bob.username])
  })

  it('follow an edit, and those that stay are the same', async () => {
    const id = await newPhoto()
    const [kept, dropped, added] = [await world.signUp(), await world.signUp(), await world.signUp()]
    const made = await say(ann, id, `@${kept.username} @${dropped.username}`)
    const rows = () =>
      world.db.primary<{ user_id: string; created_at: Date }>({
        text: 'SELECT user_id, created_at FROM comment_mentions WHERE comment_id = $1 ORDER BY user_id',
        values: [made.id],
      })
    const before = await rows()
    await edit(ann, made.id, `@${kept.username} @${added.username}`)
    const after = await rows()
    expect(after.map((row) => row.user_id).sort()).toEqual([kept.id, added.id].sort())
    expect(after).toContainEqual(before.find((row) => row.user_id === kept.id))
    await edit(ann, made.id, 'nobody')
    expect(await rows()).toEqual([])
  })
})
