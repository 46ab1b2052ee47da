import { Listr } from 'listr2'
import { variantOf, type ApiClient } from '../client/api-client.ts'
import { ms } from './milliseconds.ts'

export interface TrashOptions {
  author: ApiClient
  /** Follows the author. */
  follower: ApiClient
  /** A photo that the follower sees. */
  photoId: string
}

/**
 * A photo goes into the trash and comes back: gone for everybody at once, its URLs refused, and as it was afterwards.
 * @throws Error at the first part that does not hold
 */
export async function runTrash({ author, follower, photoId }: TrashOptions): Promise<void> {
  const path = `/v1/photos/${photoId}`
  let url = ''

  await new Listr(
    [
      {
        title: `${author.username} deletes a photo`,
        task: async (_: unknown, task: { title: string }) => {
          url = variantOf(await follower.photo(photoId), 'medium_800', 'jpeg').url
          if ((await statusOf(url)) !== 200) throw new Error('the image is not served')
          await author.call('DELETE', path)
          const since = performance.now()
          for (const who of [author, follower]) {
            const { status } = await who.send('GET', path)
            if (status !== 404) throw new Error(`the deleted photo answered ${status} to ${who.username}`)
          }
          const refusal = await follower.until('the image URL is refused', async () => {
            const status = await statusOf(url)
            return status === 200 ? undefined : status
          })
          const [latest] = await author.walk<{ erasesAt: string }>('/v1/me/trash')
          if (!latest) throw new Error('the trash is empty')
          task.title = `Deleted: gone for everybody at once, its image URL refused with ${refusal} after ${ms(performance.now() - since)}; in the trash until ${latest.erasesAt.slice(0, 10)}`
        },
      },
      {
        title: 'Restore it',
        task: async (_: unknown, task: { title: string }) => {
          await author.call('POST', `${path}/restore`)
          const since = performance.now()
          await follower.until('the photo is served again', async () => {
            const { url: newUrl } = variantOf(await follower.photo(photoId), 'medium_800', 'jpeg')
            return (await statusOf(newUrl)) === 200
          })
          const tookMs = performance.now() - since
          if ((await statusOf(url)) === 200) throw new Error('the old image URL works again')
          await follower.until('it is in the feed', async () =>
            (await follower.walk('/v1/feed')).some(({ id }) => id === photoId),
          )
          task.title = `Restored: back in the feed and served under a new URL after ${ms(tookMs)}; the old one stays refused`
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

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) })
  await response.body?.cancel()
  return response.status
}
