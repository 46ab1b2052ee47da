import { EventSource } from 'eventsource'
import { Listr } from 'listr2'
import { ApiClient, type Page, type PhotoAnswer, variantOf } from '../client/api-client.ts'
import { ms } from './milliseconds.ts'

export interface SharingOptions {
  /** Where the API is, for example `http://127.0.0.1:3000`. */
  apiUrl: string
  /** Follow each other. The author has photos of her own. */
  author: ApiClient
  followers: readonly ApiClient[]
  /** Photos of the author, one of which nobody else may see. */
  photoIds: readonly string[]
  privatePhotoId: string
}

interface SharedPage extends Page<PhotoAnswer> {
  session: string
}

/**
 * How people share and talk, through the public API: an album by link, opened and revoked; a comment that arrives live; a
 * block that hides two accounts from each other.
 * @throws Error at the first part that does not happen in time
 */
export async function runSharing(options: SharingOptions): Promise<void> {
  const { author, followers } = options
  const [ben, cleo] = followers as [ApiClient, ApiClient]
  let photoUrl = ''
  let link = { id: '', token: '' }
  let albumId = ''
  const visitor = new ApiClient(options.apiUrl)

  await new Listr(
    [
      {
        title: 'Share an album by link',
        task: async (_: unknown, task: { title: string }) => {
          ;({ albumId, link } = await shareAlbum(options))
          const page = await visitor.call<SharedPage>('GET', `/v1/share/${link.token}`)
          const shared = page.items.find(({ id }) => id === options.privatePhotoId)
          if (page.items.length !== options.photoIds.length || !shared)
            throw new Error(`the link shows ${page.items.length} photos of ${options.photoIds.length}`)
          await expectStatus(visitor, `/v1/photos/${shared.id}`, 404)
          // The photo has just been narrowed: its objects move meanwhile, and then its URLs change.
          photoUrl = await visitor.until('an image of the link is served', async () => {
            const { items } = await visitor.call<SharedPage>('GET', `/v1/share/${link.token}`)
            const { url } = variantOf(
              items.find(({ id }) => id === shared.id)!,
              'medium_800',
              'jpeg',
            )
            return (await statusOf(url)) === 200 && url
          })
          task.title = `Shared by link: a visitor without an account sees ${page.items.length} photos, the private one among them`
        },
      },
      {
        title: 'Revoke the link',
        task: async (_: unknown, task: { title: string }) => {
          await author.call('DELETE', `/v1/albums/${albumId}/share-links/${link.id}`)
          const since = performance.now()
          await expectStatus(visitor, `/v1/share/${link.token}`, 404)
          const refusal = await visitor.until('the image URL of the link is refused', async () => {
            const status = await statusOf(photoUrl)
            return status === 200 ? undefined : status
          })
          task.title = `Revoked: the link is unknown at once, its image URLs refused with ${refusal} after ${ms(performance.now() - since)}`
        },
      },
      {
        title: `${cleo.username} comments, and ${author.username} is told live`,
        task: async (_: unknown, task: { title: string }) => {
          const tookMs = await commentLive(options.apiUrl, author, cleo, options.photoIds[0]!)
          task.title = `${cleo.username} comments: ${author.username}'s open stream is told after ${ms(tookMs)}`
        },
      },
      {
        title: `${author.username} blocks ${ben.username}`,
        task: async (_: unknown, task: { title: string }) => {
          await author.call('PUT', `/v1/users/${ben.username}/block`)
          await expectStatus(ben, `/v1/users/${author.username}`, 404)
          await expectStatus(ben, `/v1/photos/${options.photoIds[0]!}`, 404)
          for (const [reader, hidden] of [
            [ben, author],
            [author, ben],
          ] as const) {
            if ((await reader.walk('/v1/feed')).some((photo) => photo.owner.username === hidden.username))
              throw new Error(`${reader.username} still has photos of ${hidden.username} in the feed`)
            const names = await cleo.walk<{ username: string }>(`/v1/users/${hidden.username}/followers`)
            if (names.some(({ username }) => username === reader.username))
              throw new Error(`${reader.username} still follows ${hidden.username}`)
          }
          task.title = `Blocked: to ${ben.username}, ${author.username} no longer exists; neither follows the other, nor has the other's photos in the feed`
        },
      },
    ],
    {
      exitOnError: true,
      rendererOptions: { collapseSubtasks: false },
      fallbackRendererCondition: !process.stdout.isTTY,
    },
  ).run()
}

interface Made {
  id: string
}

async function shareAlbum({ author, photoIds }: SharingOptions) {
  const { album } = await author.call<{ album: Made }>('POST', '/v1/albums', { title: 'From the ground up' })
  for (const photoId of photoIds) await author.call('PUT', `/v1/albums/${album.id}/photos/${photoId}`)
  const { link } = await author.call<{ link: Made & { token: string } }>(
    'POST',
    `/v1/albums/${album.id}/share-links`,
    { label: 'for grandma' },
  )
  return { albumId: album.id, link }
}

/** @returns ms from the comment's answer until the photo's owner was told of it */
async function commentLive(
  apiUrl: string,
  owner: ApiClient,
  commenter: ApiClient,
  photoId: string,
): Promise<number> {
  const { ticket } = await owner.call<{ ticket: string }>('POST', '/v1/events/tickets')
  const stream = new EventSource(`${apiUrl}/v1/events?ticket=${encodeURIComponent(ticket)}`)
  try {
    let toldAt: number | undefined
    stream.addEventListener('notification', ({ data }) => {
      if ((JSON.parse(data as string) as { kind: string }).kind === 'comment') toldAt = performance.now()
    })
    await new Promise<void>((resolve, reject) => {
      stream.addEventListener('open', () => resolve())
      stream.addEventListener('error', ({ message }) => reject(new Error(`no stream of events: ${message}`)))
    })
    await commenter.call('POST', `/v1/photos/${photoId}/comments`, { text: 'Look at that light!' })
    const since = performance.now()
    return (await owner.until('the comment arrives live', async () => toldAt)) - since
  } finally {
    stream.close()
  }
}

async function expectStatus(client: ApiClient, path: string, status: number): Promise<void> {
  const answer = await client.send('GET', path)
  if (answer.status !== status)
    throw new Error(
      `GET ${path} answered ${answer.status}, not ${status}, to ${client.username || 'a visitor'}`,
    )
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) })
  await response.body?.cancel()
  return response.status
}
