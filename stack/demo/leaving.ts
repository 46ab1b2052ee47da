import { Listr } from 'listr2'
import * as yauzl from 'yauzl'
import { variantOf, type ApiClient } from '../client/api-client.ts'
import { isInFeed, signInWithCode } from './accounts.ts'
import { ms } from './milliseconds.ts'

export interface LeavingOptions {
  user: ApiClient
  /** Of the user, which asks for a second factor. */
  recoveryCode: string
  /** Follows the user, and has uploaded the same file as photo. */
  follower: ApiClient
  photoId: string
  sameFileId: string
}

/** Of the demo's accounts: long enough to see that nothing is erased yet. */
export const GRACE_SECONDS = 5

const ERASED_WITHIN_MS = 90_000
/** An address may read receipts sixty times in a quarter of an hour. */
const READ_EVERY_MS = 2_000

interface Erasure {
  id: string
  startsAt: string
  secret: string
}

interface Receipt {
  state: 'waiting' | 'running' | 'done'
  completedAt: string | null
  stores: { store: string; removed: { what: string; count: number; verifiedAt: string | null }[] }[]
  kept: { what: string; count: number; until: string | null }[]
}

/**
 * An account takes everything along, leaves for a while, comes back, and leaves for good.
 * @throws Error at the first part that does not hold
 */
export async function runLeaving(options: LeavingOptions): Promise<void> {
  const { user, follower, photoId, sameFileId } = options
  const presence = { password: `password of ${user.username}` }

  await new Listr(
    [
      {
        title: `${user.username} exports the account`,
        task: async (_: unknown, task: { title: string }) => {
          const asked = await user.call<{ export: { id: string } }>('POST', '/v1/me/exports')
          const since = performance.now()
          const url = await user.until(
            'the archive is ready',
            async () => {
              const { export: one } = await user.call<{ export: { status: string; url?: string } }>(
                'GET',
                `/v1/me/exports/${asked.export.id}`,
              )
              return one.url
            },
            60_000,
          )
          const tookMs = performance.now() - since
          const response = await fetch(url, { signal: AbortSignal.timeout(30_000) })
          const archive = Buffer.from(await response.arrayBuffer())
          const names = await namesIn(archive)
          const original = names.find((name) => /^photos\/.*\.hei[cf]$/.test(name))
          if (!original || !names.includes('index.html'))
            throw new Error(`the archive holds ${names.join(', ')}`)
          task.title = `Export: ready after ${ms(tookMs)}; ${names.length} files in ${Math.round(archive.length / 1024)} kB, among them index.html, ${names.filter((name) => name.startsWith('data/')).length} of data, and ${original}`
        },
      },
      {
        title: `${user.username} deactivates the account`,
        task: async (_: unknown, task: { title: string }) => {
          await follower.until('the photo is in the feed', () => isInFeed(follower, photoId))
          await user.call('POST', '/v1/me/deactivate', presence)
          if (await isInFeed(follower, photoId)) throw new Error('the photo is still in the feed')
          const { status } = await follower.send('GET', `/v1/users/${user.username}`)
          if (status !== 404) throw new Error(`the profile answered ${status}`)
          await signInWithCode(user, options.recoveryCode)
          const since = performance.now()
          await follower.until('the photo is back in the feed', () => isInFeed(follower, photoId))
          task.title = `Deactivated: gone from ${follower.username}'s feed at the next read; a sign-in, by a recovery code, brings it back after ${ms(performance.now() - since)}`
        },
      },
      {
        title: `${user.username} leaves for good`,
        task: async (_: unknown, task: { output: string; title: string }) => {
          const { erasure } = await user.call<{ erasure: Erasure }>('DELETE', '/v1/me', presence)
          if (await isInFeed(follower, photoId)) throw new Error('the photo is still in the feed')
          if ((await receiptOf(follower, erasure)).state !== 'waiting')
            throw new Error('the grace is not waited for')
          const receipt = await follower.until(
            'the receipt is complete',
            async () => {
              const now = await receiptOf(follower, erasure)
              task.output = now.state
              return now.state === 'done' && now
            },
            ERASED_WITHIN_MS,
            READ_EVERY_MS,
          )
          const tookMs = Date.parse(receipt.completedAt!) - Date.parse(erasure.startsAt)
          const served = variantOf(await follower.photo(sameFileId), 'medium_800', 'jpeg').url
          const { status } = await fetch(served, { method: 'HEAD', signal: AbortSignal.timeout(10_000) })
          if (status !== 200) throw new Error(`the follower's photo of the same file answered ${status}`)
          task.title = `Left for good: after ${GRACE_SECONDS} s of grace, erased and verified in ${ms(tookMs)}; ${describe(receipt)}; ${follower.username}'s photo of the same file stays`
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

/** As everyone reads it who has its id and its secret. */
async function receiptOf(client: ApiClient, { id, secret }: Erasure): Promise<Receipt> {
  const { status, body } = await client.send<{ erasure: Receipt }>('GET', `/v1/me/erasure?id=${id}`, {
    headers: { 'X-Erasure-Secret': secret },
    token: null,
  })
  if (status !== 200) throw new Error(`the receipt answered ${status}`)
  return body.erasure
}

async function namesIn(archive: Buffer): Promise<string[]> {
  const zip = await yauzl.fromBufferPromise(archive)
  const names = []
  for await (const { fileName } of zip.eachEntry()) names.push(fileName)
  return names
}

/** What was removed, by store, and what is kept. @throws Error if something was not looked at again */
function describe({ stores, kept }: Receipt): string {
  const removed = stores.map(({ store, removed: items }) => {
    const unverified = items.find(({ verifiedAt }) => verifiedAt === null)
    if (unverified) throw new Error(`${unverified.what} of ${store} was not verified`)
    return `${store} ${items.reduce((sum, { count }) => sum + count, 0)}`
  })
  const stays = kept.map(({ what, count }) => `${what.replaceAll('_', ' ')} ${count}`)
  return `receipt: ${removed.join(', ')}${stays.length > 0 ? `; kept: ${stays.join(', ')}` : ''}`
}
