import { setTimeout as sleep } from 'node:timers/promises'
import { ApiClient, type Page, type PhotoAnswer } from '../client/api-client.ts'

/** What followers see as they read their feeds again and again. */
export interface Reading {
  /** How long each read took, in ms. */
  tookMs: number[]
  /** When each reader first saw the photo, in ms since 1970. */
  firstSeenMs: number[]
  /** Resolves when every reader has ended. @throws if one saw the photo twice, or a read failed */
  stop(): Promise<void>
}

/** Accounts that follow the author and have read their feed once, through the API. */
export async function signUpReaders(
  apiUrl: string,
  names: string[],
  author: ApiClient,
): Promise<ApiClient[]> {
  const readers: ApiClient[] = []
  for (const name of names) {
    const reader = await new ApiClient(apiUrl).signUp(name)
    await reader.call('PUT', `/v1/users/${author.username}/follow`)
    await reader.call('GET', '/v1/feed')
    readers.push(reader)
  }
  return readers
}

/** Makes every reader read its feed and look for a photo, until it is stopped. */
export function startReading(readers: ApiClient[], photoId: string, everyMs: number): Reading {
  let stopped = false
  const reading: Reading = {
    tookMs: [],
    firstSeenMs: [],
    async stop() {
      stopped = true
      await all
    },
  }
  async function read(reader: ApiClient): Promise<void> {
    let seen = false
    while (!stopped) {
      const startedAt = performance.now()
      const { items } = await reader.call<Page<PhotoAnswer>>('GET', '/v1/feed?limit=20')
      reading.tookMs.push(performance.now() - startedAt)
      const times = items.filter((item) => item.id === photoId).length
      if (times > 1) throw new Error(`${reader.username} sees the photo ${times} times`)
      if (times === 0 && seen) throw new Error(`${reader.username} does not see the photo any more`)
      if (times === 1 && !seen) reading.firstSeenMs.push(Date.now())
      seen ||= times === 1
      await sleep(everyMs)
    }
  }
  const all = Promise.all(readers.map(read))
  // `stop` throws whatever failed.
  all.catch(() => undefined)
  return reading
}
