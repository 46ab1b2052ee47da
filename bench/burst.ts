import { setTimeout as sleep } from 'node:timers/promises'
import pMap from 'p-map'
import { ApiClient } from '../stack/client/api-client.ts'
import type { Benchmark, Finding, Sample, Trial, TrialOptions } from './harness.ts'
import { photoJpeg } from './photo.ts'
import { startBenchService, type BenchService } from './service.ts'
import { percentile } from './statistics.ts'

const ACCOUNTS = 20
const FACTOR = 10
const SIZE = { width: 800, height: 600 }
/** Uploads under way while the sustainable rate is measured: enough to keep both decoders busy. */
const PARALLEL = 8
const POLL_MS = 200
/** At ten times the rate, a minute of uploads is ten minutes of work. Far more than that, and something is lost. */
const LONGEST_DRAIN_MS = 20 * 60_000
/** On a faster machine the burst is shorter rather than larger: each upload leaves about a megabyte. */
const MOST_UPLOADS = 6_000

export const burst: Benchmark = {
  name: 'burst',
  summary: `Uploads for a minute at ${FACTOR} times the rate that can be kept up, which is measured just before.`,
  once: true,
  open,
}

async function open({ quick }: TrialOptions): Promise<Trial> {
  const longest = quick ? 3 : 60
  const steady = quick ? 10 : 60
  const photo = await photoJpeg(SIZE.width, SIZE.height)
  const service = await startBenchService({ MAX_PENDING_UPLOADS: '10000', RATE_LIMITS: 'false' })
  const owners = await pMap(
    Array.from({ length: ACCOUNTS }, (_, n) => `owner${n}`),
    (name) => new ApiClient(service.app.url).signUp(name),
    { concurrency: 2 },
  )
  const uploaded = new Set<string>()
  const refused: number[] = []
  const isBusy = () => unfinished(service, uploaded)

  async function uploadOne(owner: ApiClient, apiMs: number[]): Promise<void> {
    const opened = await timed(apiMs, () =>
      owner.openUpload({ contentType: 'image/jpeg', bytes: photo.length }),
    )
    await owner.put(opened.upload, photo)
    await timed(apiMs, () =>
      owner.call('POST', `/v1/photos/${opened.photo.id}/complete`, undefined, [200, 202]),
    )
    uploaded.add(opened.photo.id)
  }

  async function drained(): Promise<void> {
    const deadline = performance.now() + LONGEST_DRAIN_MS
    while ((await isBusy()) > 0) {
      if (performance.now() > deadline) throw new Error(`${await isBusy()} uploads are not done`)
      await sleep(POLL_MS)
    }
  }

  async function signIn(): Promise<void> {
    await pMap(owners, (owner) => owner.signIn(owner.username), { concurrency: 2 })
  }

  /** Photos a second, all variants included, with a queue that never grows. The first ones warm everything up. */
  async function sustainableRate(): Promise<number> {
    await uploadMany(PARALLEL)
    const startedAt = performance.now()
    await uploadMany(steady)
    return (steady * 1000) / (performance.now() - startedAt)
  }

  async function uploadMany(count: number): Promise<void> {
    const upload = (_: unknown, n: number) => uploadOne(owners[n % ACCOUNTS]!, [])
    await pMap(Array.from({ length: count }), upload, { concurrency: PARALLEL })
    await drained()
  }

  async function measure(): Promise<Sample> {
    await signIn()
    const sustainable = await sustainableRate()
    const perSecond = FACTOR * sustainable
    const total = Math.min(Math.round(perSecond * longest), MOST_UPLOADS)
    const apiMs: number[] = []
    const startedAt = performance.now()
    const sending = Array.from({ length: total }, async (_, n) => {
      await sleep((n * 1000) / perSecond)
      await uploadOne(owners[n % ACCOUNTS]!, apiMs).catch(() => refused.push(n))
    })
    await Promise.all(sending)
    const sentMs = performance.now() - startedAt
    await drained()
    const drainMs = performance.now() - startedAt - sentMs
    return {
      sustainable,
      offered: perSecond,
      uploads: total,
      lost: refused.length + (await lostOf(service, uploaded)),
      apiP50: percentile(apiMs, 0.5),
      apiP99: percentile(apiMs, 0.99),
      sentSeconds: sentMs / 1000,
      drainSeconds: drainMs / 1000,
    }
  }

  return {
    conditions: {
      photo: `${SIZE.width} × ${SIZE.height}, ${photo.length} bytes, nine variants each`,
      burst: `${longest} s, ${MOST_UPLOADS} uploads at most, by ${ACCOUNTS} accounts, open loop; each upload is two calls and a PUT`,
      rate: `of ${steady} uploads, ${PARALLEL} at a time, until all of their variants are stored`,
    },
    contenders: [{ name: 'darkroom', setting: 'an API and four workers, two decoders', measure }],
    comparisons: [
      { figure: 'sustainable', unit: 'uploads a second that are kept up', ours: 'darkroom' },
      { figure: 'offered', unit: 'uploads a second in the burst', ours: 'darkroom' },
      { figure: 'uploads', unit: 'uploads in the burst', ours: 'darkroom' },
      {
        figure: 'lost',
        unit: 'uploads that were lost',
        ours: 'darkroom',
        goal: { of: 'value', atMost: 0 },
      },
      { figure: 'apiP50', unit: 'ms of a call to the API, p50', ours: 'darkroom' },
      {
        figure: 'apiP99',
        unit: 'ms of a call to the API, p99',
        ours: 'darkroom',
        goal: { of: 'value', atMost: 500 },
      },
      { figure: 'sentSeconds', unit: 's until all were sent', ours: 'darkroom' },
      { figure: 'drainSeconds', unit: 's from then until all had their variants', ours: 'darkroom' },
    ],
    verify: () => verify(service, uploaded, refused.length),
    close: () => service.stop(),
  }
}

async function timed<T>(into: number[], call: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const answer = await call()
  into.push(performance.now() - start)
  return answer
}

/** Photos that were completed and are not there, or failed. */
async function lostOf({ admin }: BenchService, uploaded: ReadonlySet<string>): Promise<number> {
  const { rows } = await admin.query<{ ready: string }>(
    `SELECT count(*) AS ready FROM photos WHERE photo_id = ANY ($1::uuid[]) AND status = 'ready'`,
    [[...uploaded]],
  )
  return uploaded.size - Number(rows[0]!.ready)
}

/** Photos that have less than all of their variants, or are not published; those that failed are lost. */
async function unfinished({ admin }: BenchService, uploaded: ReadonlySet<string>): Promise<number> {
  const { rows } = await admin.query<{ left: string }>(
    `SELECT count(*) AS left FROM photos p WHERE photo_id = ANY ($1::uuid[]) AND p.status <> 'failed' AND (p.status <> 'ready' OR NOT EXISTS (
       SELECT FROM photo_variants v WHERE v.photo_id = p.photo_id AND v.variant = 'medium_800' AND v.format = 'avif'))`,
    [[...uploaded]],
  )
  return Number(rows[0]!.left)
}

async function verify(
  service: BenchService,
  uploaded: ReadonlySet<string>,
  refused: number,
): Promise<Finding[]> {
  const { rows } = await service.admin.query<{ ready: string; variants: string }>(
    `SELECT count(DISTINCT p.photo_id) AS ready, count(*) AS variants FROM photos p JOIN photo_variants v USING (photo_id)
     WHERE p.photo_id = ANY ($1::uuid[]) AND p.status = 'ready' AND v.variant <> 'original'`,
    [[...uploaded]],
  )
  const { ready, variants } = rows[0]!
  return [
    { what: 'uploads that failed', value: String(refused), holds: refused === 0 },
    {
      what: 'uploads that are published',
      value: `${ready} of ${uploaded.size}, with ${variants} variants`,
      holds: Number(ready) === uploaded.size && Number(variants) % uploaded.size === 0,
    },
  ]
}
