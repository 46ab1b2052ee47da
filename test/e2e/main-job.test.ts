import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiClient, variantOf } from '../../stack/client/api-client.ts'
import { startApp, type App } from '../support/servers/app-processes.ts'
import { smallJpeg } from '../support/factories/pictures.ts'

/** From sign-up to the image through the edge, over HTTP alone, on real servers and processes. */
describe.each([
  { by: 'the storage event alone', storageEvents: true },
  { by: '`complete` alone', storageEvents: false },
])('an upload announced by $by', ({ storageEvents }) => {
  let app: App
  let author: ApiClient
  let follower: ApiClient
  let stranger: ApiClient
  const tag = `e2e${randomBytes(4).toString('hex')}`

  beforeAll(async () => {
    app = await startApp({ storageEvents })
    const run = randomBytes(4).toString('hex')
    ;[author, follower, stranger] = (await Promise.all(
      ['author', 'follower', 'stranger'].map((name) => new ApiClient(app.url).signUp(`${name}-${run}`)),
    )) as [ApiClient, ApiClient, ApiClient]
    await follower.call('PUT', `/v1/users/${author.username}/follow`)
  })
  afterAll(() => app?.stop())

  async function upload(visibility: string, caption: string): Promise<string> {
    const { photoId } = await author.upload(await smallJpeg(), {
      contentType: 'image/jpeg',
      visibility,
      caption,
    })
    if (!storageEvents) await author.call('POST', `/v1/photos/${photoId}/complete`, undefined, [200, 202])
    return photoId
  }

  const holds = async (user: ApiClient, path: string, photoId: string) =>
    (await user.walk(path)).some((item) => item.id === photoId)

  it('is rendered, distributed, found and served within its visibility', async () => {
    expect(await follower.walk('/v1/feed')).toEqual([])
    const photoId = await upload('followers', `Harbour at dusk #${tag}`)

    const ready = await author.untilVariants(photoId)
    expect(ready).toMatchObject({
      status: 'ready',
      width: 1200,
      height: 800,
      tags: [tag],
      visibility: 'followers',
    })
    expect(ready.placeholder).toMatch(/^[A-Za-z0-9+/=]+$/)

    // Feeds: the follower's and the author's own, not the stranger's.
    await follower.until('it is in the feed', () => holds(follower, '/v1/feed', photoId))
    expect(await holds(author, '/v1/feed', photoId)).toBe(true)
    expect(await holds(stranger, '/v1/feed', photoId)).toBe(false)

    // Search by word stem and by tag, for those who may see it.
    await follower.until('it is found', () => holds(follower, '/v1/search/photos?q=harbours', photoId))
    expect(await holds(follower, `/v1/tags/${tag}/photos`, photoId)).toBe(true)
    expect(await holds(stranger, `/v1/tags/${tag}/photos`, photoId)).toBe(false)

    // Lists and the photo itself.
    expect(await holds(follower, `/v1/users/${author.username}/photos`, photoId)).toBe(true)
    expect(await holds(stranger, `/v1/users/${author.username}/photos`, photoId)).toBe(false)
    expect((await stranger.send('GET', `/v1/photos/${photoId}`)).status).toBe(404)

    // Bytes: every variant through the edge, the second time from its cache; signatures are needed and checked.
    for (const variant of ready.variants.filter((v) => v.name !== 'original')) {
      const first = await fetch(variant.url)
      expect(first.status).toBe(200)
      expect((await first.arrayBuffer()).byteLength).toBe(variant.bytes)
      const second = await fetch(variant.url)
      await second.arrayBuffer()
      expect(second.headers.get('x-cache')).toBe('HIT')
      const unsigned = await fetch(variant.url.split('?')[0]!)
      await unsigned.arrayBuffer()
      expect(unsigned.status).toBe(403)
    }
  })

  it('disappears everywhere at the next read after a narrowing', async () => {
    const photoId = await upload('public', `Soon gone #${tag}`)
    const { url } = variantOf(await author.untilVariants(photoId), 'thumb_200')
    const warm = await fetch(url)
    await warm.arrayBuffer()
    expect(warm.status).toBe(200)
    await follower.until('it is in the feed', () => holds(follower, '/v1/feed', photoId))
    await stranger.until('it is found', () => holds(stranger, `/v1/tags/${tag}/photos`, photoId))

    await author.call('PATCH', `/v1/photos/${photoId}`, { visibility: 'private' })
    expect(await holds(follower, '/v1/feed', photoId)).toBe(false)
    expect(await holds(stranger, `/v1/tags/${tag}/photos`, photoId)).toBe(false)
    expect(await holds(follower, `/v1/users/${author.username}/photos`, photoId)).toBe(false)
    expect((await follower.send('GET', `/v1/photos/${photoId}`)).status).toBe(404)
    await author.until('the old URL is refused', async () => {
      const answer = await fetch(url)
      await answer.arrayBuffer()
      return !answer.ok
    })

    // The owner can see it at every moment, through new URLs.
    const photo = await author.photo(photoId)
    for (const variant of photo.variants.filter((v) => v.name !== 'original')) {
      const answer = await fetch(variant.url)
      await answer.arrayBuffer()
      expect(answer.status).toBe(200)
    }
  })

  it('appears for those who may see it after a widening', async () => {
    const photoId = await upload('private', `For me first #${tag}`)
    await author.untilVariants(photoId)
    expect(await holds(follower, '/v1/feed', photoId)).toBe(false)
    await author.call('PATCH', `/v1/photos/${photoId}`, { visibility: 'public' })
    await follower.until('it is in the feed', () => holds(follower, '/v1/feed', photoId))
    await stranger.until('it is found', () => holds(stranger, `/v1/tags/${tag}/photos`, photoId))
  })

  it('is gone in the trash, comes back, and is erased with its bytes', async () => {
    const photoId = await upload('public', `Gone for good #${tag}`)
    const { url } = variantOf(await author.untilVariants(photoId), 'medium_800')
    await (await fetch(url)).arrayBuffer()
    await follower.until('it is in the feed', () => holds(follower, '/v1/feed', photoId))

    const isRefused = (from: string) => async () => {
      const answer = await fetch(from)
      await answer.arrayBuffer()
      return !answer.ok
    }
    const expectGone = async () => {
      for (const user of [author, follower, stranger]) {
        expect((await user.send('GET', `/v1/photos/${photoId}`)).status).toBe(404)
        expect(await holds(user, '/v1/feed', photoId)).toBe(false)
        expect(await holds(user, `/v1/tags/${tag}/photos`, photoId)).toBe(false)
      }
    }
    await author.call('DELETE', `/v1/photos/${photoId}`)
    await expectGone()
    await author.until('its URL is refused', isRefused(url))

    await author.call('POST', `/v1/photos/${photoId}/restore`)
    await stranger.until('it is found', () => holds(stranger, `/v1/tags/${tag}/photos`, photoId))
    await follower.until('it is in the feed', () => holds(follower, '/v1/feed', photoId))
    // Until its objects lie under the new epoch, a URL may lead to where they were.
    let newUrl = ''
    await follower.until('its picture is back', async () => {
      newUrl = variantOf(await follower.photo(photoId), 'medium_800').url
      return !(await isRefused(newUrl)())
    })
    expect(await isRefused(url)()).toBe(true)

    await author.call('DELETE', `/v1/photos/${photoId}?permanent=true`)
    await expectGone()
    await author.until('its new URL is refused', isRefused(newUrl))
  })

  it('leaves the feed after an unfollow and returns after a follow', async () => {
    const photoId = await upload('followers', 'Only for followers')
    await author.untilVariants(photoId)
    await follower.until('it is in the feed', () => holds(follower, '/v1/feed', photoId))
    await follower.call('DELETE', `/v1/users/${author.username}/follow`)
    expect(await follower.walk('/v1/feed')).toEqual([])
    expect((await follower.send('GET', `/v1/photos/${photoId}`)).status).toBe(404)
    await follower.call('PUT', `/v1/users/${author.username}/follow`)
    expect(await holds(follower, '/v1/feed', photoId)).toBe(true)
  })

  it('is processed once, however often and however it is announced', async () => {
    const { photoId } = await author.upload(await smallJpeg(), { contentType: 'image/jpeg' })
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => author.send('POST', `/v1/photos/${photoId}/complete`)),
    )
    expect(answers.every((answer) => [200, 202].includes(answer.status))).toBe(true)
    const photo = await author.untilVariants(photoId)
    expect(photo.status).toBe('ready')
    expect((await author.send('POST', `/v1/photos/${photoId}/complete`)).status).toBe(200)
    expect((await author.walk('/v1/feed')).filter((item) => item.id === photoId)).toHaveLength(1)
  })
})
