import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { v7 as uuidv7 } from 'uuid'
import { variantKey } from '../src/services/photos/object-keys.ts'
import { startEdge, type BenchEdge } from './edges.ts'
import type { Benchmark, Contender, Finding, Trial, TrialOptions } from './harness.ts'
import { saturate } from './load.ts'
import { median } from './statistics.ts'

/** About what a thumb_400 in WebP weighs. */
const IMAGE_BYTES = 20_000
const CONNECTIONS = 32

export const thumbs: Benchmark = {
  name: 'thumbs',
  summary: 'Variants from the edge, warm and cold, beside a plain nginx with the same files.',
  open,
}

async function open({ quick }: TrialOptions): Promise<Trial> {
  const [images, seconds, coldEach] = quick ? [50, 1, 40] : [500, 5, 200]
  const edge = await startEdge()
  const bytes = randomBytes(IMAGE_BYTES)
  const newKey = async () => {
    const key = variantKey(uuidv7(), 1, 'thumb_400', 'webp')
    await edge.store(key, bytes)
    return key
  }
  const warm = await Promise.all(Array.from({ length: images }, newKey))
  const agent = new Agent({ keepAlive: true })
  for (const key of warm) await firstByte(edge.url, edge.pathOf(key), agent)

  const contender = (
    name: string,
    setting: string,
    url: string,
    pathOf: (key: string) => string,
  ): Contender => ({
    name,
    setting,
    async measure() {
      const paths = warm.map(pathOf)
      let at = 0
      const next = () => ({ path: paths[at++ % paths.length]!, headers: {} })
      const { requestsPerSecond } = await saturate(url, next, { connections: CONNECTIONS, seconds })
      const keys = await Promise.all(Array.from({ length: coldEach }, newKey))
      const times: number[] = []
      for (const key of keys) times.push(await firstByte(url, pathOf(key), agent))
      return { requestsPerSecond, coldMs: median(times) }
    },
  })
  const pair = { ours: 'darkroom', reference: 'nginx' }
  return {
    conditions: {
      images: `${images} of ${IMAGE_BYTES} bytes`,
      load: `${CONNECTIONS} connections for ${seconds} s; then ${coldEach} images that nobody has asked for, one after the other`,
    },
    contenders: [
      contender('darkroom', 'the edge: signature, deny table, cache', edge.url, (key) => edge.pathOf(key)),
      contender(
        'nginx',
        'sendfile, the same workers; it is the origin too',
        edge.originUrl,
        (key) => `/photos/${key}`,
      ),
    ],
    comparisons: [
      {
        figure: 'requestsPerSecond',
        unit: 'requests per second, warm',
        ...pair,
        goal: { of: 'ratio', atLeast: 0.8 },
      },
      {
        figure: 'coldMs',
        unit: 'ms to the first byte, cold',
        ...pair,
        goal: { of: 'difference', atMost: 20 },
      },
    ],
    verify: () => verify(edge, warm, bytes),
    async close() {
      agent.destroy()
      await edge.close()
    },
  }
}

/** @returns ms to the headers of a 200 */
function firstByte(url: string, path: string, agent: Agent): Promise<number> {
  const start = performance.now()
  return new Promise((resolve, reject) => {
    request(`${url}${path}`, { agent }, (response) => {
      const ms = performance.now() - start
      response.resume().on('end', () => {
        if (response.statusCode === 200) resolve(ms)
        else reject(new Error(`${url} answered ${response.statusCode}`))
      })
    })
      .on('error', reject)
      .end()
  })
}

async function verify(edge: BenchEdge, keys: readonly string[], bytes: Buffer): Promise<Finding[]> {
  let right = 0
  for (const key of keys) {
    const response = await fetch(edge.url + edge.pathOf(key))
    const isRight = Buffer.from(await response.arrayBuffer()).equals(bytes)
    if (isRight && response.headers.get('x-cache') === 'HIT') right++
  }
  const refused = await fetch(`${edge.url}${edge.pathOf(keys[0]!).slice(0, -1)}`)
  await refused.body?.cancel()
  const most = Math.max(...(await edge.originFetches()).values())
  return [
    {
      what: 'images whole and from the cache',
      value: `${right} of ${keys.length}`,
      holds: right === keys.length,
    },
    { what: 'answer to a signature cut short', value: String(refused.status), holds: refused.status === 403 },
    { what: 'most fetches of one image from the origin', value: String(most), holds: most === 1 },
  ]
}
