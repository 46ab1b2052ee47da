import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { v7 as uuidv7 } from 'uuid'
import { variantKey } from '../src/services/photos/object-keys.ts'
import { startEdge } from './edges.ts'
import type { Benchmark, Trial, TrialOptions } from './harness.ts'

const EXPONENT = 0.9
const CONNECTIONS = 50
const CROWD = 1_000
const IMAGE_BYTES = 20_000

export const cdn: Benchmark = {
  name: 'cdn',
  summary: 'A Zipf trace through the edge beside an infinite cache, and a crowd that asks for one new image.',
  open,
}

async function open({ quick }: TrialOptions): Promise<Trial> {
  const [images, requests] = quick ? [300, 2_000] : [4_000, 40_000]
  const edge = await startEdge()
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const bytes = randomBytes(IMAGE_BYTES)
  const storeNew = async (size = bytes) => {
    const key = variantKey(uuidv7(), 1, 'thumb_400', 'webp')
    await edge.store(key, size)
    return key
  }
  let trace: string[] = []
  const traced = new Set<string>()
  const crowded: string[] = []
  let wrong = 0

  async function newTrace(): Promise<void> {
    // One after the other: thousands of open files at once are too many.
    const keys: string[] = []
    for (let n = 0; n < images; n++) keys.push(await storeNew())
    trace = zipf(images, requests).map((rank) => keys[rank]!)
    for (const key of trace) traced.add(key)
  }

  return {
    conditions: {
      trace: `${requests} requests for ${images} images of ${IMAGE_BYTES} bytes, Zipf with exponent ${EXPONENT}, ${CONNECTIONS} connections`,
      crowd: `${CROWD} requests at once for an image of 500 KB that is not cached`,
    },
    contenders: [
      {
        name: 'darkroom',
        setting: 'the edge with its defaults, empty of these images',
        async measure() {
          await newTrace()
          const before = await edge.originFetches()
          let at = 0
          const work = async () => {
            for (let key = trace[at++]; key !== undefined; key = trace[at++]) {
              const answer = await get(edge.url + edge.pathOf(key), agent)
              if (!answer.equals(bytes)) wrong++
            }
          }
          await Promise.all(Array.from({ length: CONNECTIONS }, work))
          const after = await edge.originFetches()
          const misses = [...after].reduce((sum, [path, count]) => sum + count - (before.get(path) ?? 0), 0)

          const large = randomBytes(500_000)
          const key = await storeNew(large)
          crowded.push(key)
          const crowd = new Agent({ maxSockets: CROWD })
          const answers = await Promise.all(
            Array.from({ length: CROWD }, () => get(edge.url + edge.pathOf(key), crowd)),
          )
          crowd.destroy()
          wrong += answers.filter((answer) => !answer.equals(large)).length
          const fetches = (await edge.originFetches()).get(`/photos/${key}`) ?? 0
          return { hitPercent: 100 * (1 - misses / requests), originFetches: fetches }
        },
      },
      {
        name: 'infinite cache',
        setting: 'simulated: it misses each image of the same trace once',
        measure: async () => ({ hitPercent: 100 * (1 - new Set(trace).size / requests) }),
      },
    ],
    comparisons: [
      {
        figure: 'hitPercent',
        unit: '% of requests answered without the origin',
        ours: 'darkroom',
        reference: 'infinite cache',
        goal: { of: 'difference', atLeast: -2 },
      },
      {
        figure: 'originFetches',
        unit: `fetches from the origin for ${CROWD} requests at once`,
        ours: 'darkroom',
        goal: { of: 'value', atMost: 1 },
      },
    ],
    async verify() {
      const fetches = await edge.originFetches()
      const most = Math.max(...crowded.map((key) => fetches.get(`/photos/${key}`) ?? 0))
      const least = Math.min(...crowded.map((key) => fetches.get(`/photos/${key}`) ?? 0))
      return [
        { what: 'answers with other bytes', value: String(wrong), holds: wrong === 0 },
        {
          what: 'images of the traces that were fetched',
          value: `${[...traced].filter((key) => fetches.has(`/photos/${key}`)).length} of ${traced.size}`,
          holds: [...traced].every((key) => fetches.has(`/photos/${key}`)),
        },
        { what: 'fetches a crowd', value: `${least} to ${most}`, holds: least === 1 && most === 1 },
      ]
    },
    async close() {
      agent.destroy()
      await edge.close()
    },
  }
}

/** Ranks, of which rank r is as likely as (r + 1) ** -exponent. */
function zipf(ranks: number, length: number): number[] {
  let total = 0
  const cumulated = Array.from({ length: ranks }, (_, rank) => (total += (rank + 1) ** -EXPONENT))
  return Array.from({ length }, () => {
    const point = Math.random() * total
    let [low, high] = [0, ranks - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (cumulated[middle]! < point) low = middle + 1
      else high = middle
    }
    return low
  })
}

function get(url: string, agent: Agent): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    request(url, { agent }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks)))
      response.on('error', reject)
    })
      .on('error', reject)
      .end()
  })
}
