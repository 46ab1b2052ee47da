import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { PhotoId, UserId } from '../src/domain/ids.ts'
import { INDEX_VERSION } from '../src/infra/opensearch/mapping.ts'
import { photosAlias } from '../src/infra/opensearch/versions.ts'
import type { Benchmark, Finding, Sample, Trial, TrialOptions } from './harness.ts'
import { sendOne, type Target } from './load.ts'
import { openReindexing } from './reindexing.ts'
import { openSearchFloor } from './search-floor.ts'
import { insertSearchablePhotos, WORDS } from './searchable-photos.ts'
import {
  CAPTION_INDEX,
  KINDS,
  PAGE,
  questionAt,
  toQueryString,
  toRawSearch,
  toSql,
  type Kind,
  type Question,
} from './search-questions.ts'
import { startBenchService, type BenchService } from './service.ts'
import { percentile } from './statistics.ts'
import { issueTokens } from './tokens.ts'

const sizes = {
  full: { photos: 1_000_000, seconds: 10, edits: 20 },
  quick: { photos: 20_000, seconds: 3, edits: 4 },
}
/** So many that no one meets the rate limit. */
const READERS = 500
/** A second, of each kind: little enough for all contenders, so that latencies are compared and not queues. */
const RATE = 20
const CONNECTIONS = 16
const POLL_MS = 20
const GIVE_UP_MS = 60_000
/** Refreshed every second, and half a second for the steps before. */
const VISIBLE_MS = 1_500

export const search: Benchmark = {
  name: 'search',
  summary: `Photos are searched by hashtag, by two words and around a point, ${RATE} first pages of ${PAGE} a second; and edits until they are found.`,
  open,
}

async function open({ quick, documents }: TrialOptions): Promise<Trial> {
  const size = quick ? sizes.quick : sizes.full
  const photos = documents ?? size.photos
  const service = await startBenchService()
  const { instance, admin, app } = service
  const pool = new pg.Pool({ connectionString: instance.env.DATABASE_URL!, max: CONNECTIONS })
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  let floor: Awaited<ReturnType<typeof openSearchFloor>> | undefined
  const close = async () => {
    agent.destroy()
    await pool.end()
    await floor?.close()
    await service.stop()
  }
  try {
    const owners = await seed(service, photos)
    const readers = await insertReaders(admin)
    const tokens = [...(await issueTokens(instance.env, readers)).values()]
    const alias = photosAlias(instance.env.OPENSEARCH_INDEX_PREFIX!)
    let asked = 0
    const throughApi = (kind: Kind, question: Question) => {
      const authorization = `Bearer ${tokens[asked++ % tokens.length]!}`
      const path = `/v1/search/photos?limit=${PAGE}&${toQueryString(kind, question)}`
      return sendOne(app.url, { path, headers: { authorization } }, agent)
    }
    const raw = (kind: Kind, question: Question) =>
      sendOne(
        instance.env.OPENSEARCH_URL!,
        {
          method: 'POST',
          path: `/${alias}/_search`,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(toRawSearch(kind, question, readers[0]!)),
        },
        agent,
      )
    const bare = await openSearchFloor(instance.env, readers[0]!)
    floor = bare
    const inPostgres = (kind: Kind, question: Question) => pool.query(...toSql(kind, question))
    const findEdits = await editorOf(service, agent, owners)

    return {
      conditions: {
        data: `${photos.toLocaleString('en')} public photos of ${owners.length.toLocaleString('en')} accounts, each with six of ${WORDS.length} words, two of them as tags, a third with a shared place`,
        load: `${RATE} requests a second, evenly spaced, ${size.seconds} s of each kind, from the process of the benchmark, on the same cores as all servers`,
        questions: 'frequent words more often; two words of the hundred most frequent; 300 km around a point',
      },
      contenders: [
        {
          name: 'darkroom',
          setting: `GET /search/photos of ${READERS} accounts: rights, total, cards of ${PAGE} photos; then ${size.edits} edits of captions, one after the other`,
          measure: async () => ({
            ...(await measure(size.seconds, throughApi)),
            ...(await findEdits(size.edits)),
          }),
        },
        {
          name: 'raw _search',
          setting: 'the query that the API sends, with the documents and a total up to 1,000',
          measure: () => measure(size.seconds, raw),
        },
        {
          name: 'floor',
          setting:
            'the query for ids, the statement that reads rights and cards, and JSON, from the process of the benchmark: no server, no limits, no URLs',
          measure: () => measure(size.seconds, (kind, question) => bare.find(kind, question)),
        },
        {
          name: 'Postgres',
          setting:
            'photo_tags, a GIN index of the words of captions, a scan for places; no total, no rights, newest first',
          measure: () => measure(size.seconds, inPostgres),
        },
      ],
      comparisons: [
        ...KINDS.flatMap((kind) => [
          {
            figure: `${kind}P99`,
            unit: `ms by ${kind}, p99`,
            ours: 'darkroom',
            reference: 'raw _search',
            // Places have no goal.
            ...(kind !== 'geo' && { goal: { of: 'ratio' as const, atMost: 1.3 } }),
          },
          { figure: `${kind}P50`, unit: `ms by ${kind}, p50`, ours: 'darkroom', reference: 'raw _search' },
          { figure: `${kind}P99`, unit: `ms by ${kind}, p99`, ours: 'darkroom', reference: 'floor' },
          { figure: `${kind}P50`, unit: `ms by ${kind}, p50`, ours: 'darkroom', reference: 'floor' },
          { figure: `${kind}P99`, unit: `ms by ${kind}, p99`, ours: 'darkroom', reference: 'Postgres' },
        ]),
        {
          figure: 'visibleMs',
          unit: 'ms from an edit until it is found, slowest',
          ours: 'darkroom',
          goal: { of: 'value', atMost: VISIBLE_MS },
        },
      ],
      verify: () => verify(service, throughApi, raw),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Fills Postgres and the index, which takes some ten minutes for a million photos. @returns owners */
async function seed(service: BenchService, photos: number): Promise<UserId[]> {
  const { instance, admin } = service
  const report = (line: string) => console.error(`search: ${line}`)
  const owners = await insertSearchablePhotos(admin, photos, report)
  await admin.query(CAPTION_INDEX)
  await admin.query('VACUUM ANALYZE')
  const reindexing = await openReindexing(instance.env)
  try {
    const { index } = await reindexing.reindexer.begin('bench', INDEX_VERSION)
    await reindexing.copyAll(index, (written) => report(`${written.toLocaleString('en')} documents`))
    await reindexing.reindexer.swap(index)
    await reindexing.builds.discard()
  } finally {
    await reindexing.close()
  }
  await service.settle()
  return owners
}

async function insertReaders(admin: pg.Client): Promise<UserId[]> {
  const { rows } = await admin.query<{ user_id: UserId }>(
    `INSERT INTO users (username, password_hash) SELECT 'reader' || i, 'none' FROM generate_series(1, $1::integer) i
     RETURNING user_id`,
    [READERS],
  )
  return rows.map((row) => row.user_id)
}

/** Open loop: each request is sent when it is due, and its time counts from then on. */
async function measure(
  seconds: number,
  act: (kind: Kind, question: Question) => Promise<unknown>,
): Promise<Sample> {
  const sample: Sample = {}
  for (const kind of KINDS) {
    const startedAt = performance.now()
    const times = await Promise.all(
      Array.from({ length: seconds * RATE }, async (_, at) => {
        const dueAt = startedAt + (at * 1_000) / RATE
        await sleep(Math.max(0, dueAt - performance.now()))
        await act(kind, questionAt(at))
        return performance.now() - dueAt
      }),
    )
    sample[`${kind}P50`] = percentile(times, 0.5)
    sample[`${kind}P99`] = percentile(times, 0.99)
  }
  return sample
}

/** Edits captions, each of another account, to a word of its own, and asks until the word is found. */
async function editorOf({ instance, admin, app }: BenchService, agent: Agent, owners: readonly UserId[]) {
  const authors = owners.slice(0, 20)
  const tokens = await issueTokens(instance.env, authors)
  const { rows } = await admin.query<{ owner_id: UserId; photo_id: PhotoId }>(
    'SELECT DISTINCT ON (owner_id) owner_id, photo_id FROM photos WHERE owner_id = ANY ($1::bigint[])',
    [authors],
  )
  let nth = 0
  return async (edits: number): Promise<Sample> => {
    const times: number[] = []
    for (let edit = 0; edit < edits; edit++) {
      const word = `edited${++nth}`
      const { owner_id: owner, photo_id: photoId } = rows[nth % rows.length]!
      const headers = { authorization: `Bearer ${tokens.get(owner)!}`, 'content-type': 'application/json' }
      const ask = (target: Omit<Target, 'headers'>) => sendOne(app.url, { ...target, headers }, agent)
      await ask({ method: 'PATCH', path: `/v1/photos/${photoId}`, body: JSON.stringify({ caption: word }) })
      const editedAt = performance.now()
      while (!(await ask({ path: `/v1/search/photos?q=${word}` })).toString().includes(photoId)) {
        if (performance.now() - editedAt > GIVE_UP_MS) throw new Error(`${photoId} is not found by its edit`)
        await sleep(POLL_MS)
      }
      times.push(performance.now() - editedAt)
    }
    return { visibleMs: Math.max(...times) }
  }
}

type Ask = (kind: Kind, question: Question) => Promise<Buffer>

/** The API finds the photos that the raw query does, in the same order, and counts as many as Postgres. */
async function verify({ admin }: BenchService, throughApi: Ask, raw: Ask): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const kind of KINDS) {
    let same = 0
    let found = 0
    for (let at = 0; at < SAMPLES; at++) {
      const question = questionAt(at)
      const ours = JSON.parse((await throughApi(kind, question)).toString()) as {
        items: { id: string }[]
      }
      const theirs = JSON.parse((await raw(kind, question)).toString()) as {
        hits: { hits: { _id: string }[] }
      }
      const ids = ours.items.map((item) => item.id)
      found += ids.length
      if (
        ids.join() ===
        theirs.hits.hits
          .slice(0, PAGE)
          .map((hit) => hit._id)
          .join()
      )
        same++
    }
    findings.push({
      what: `pages by ${kind} that raw _search has too`,
      value: `${same} of ${SAMPLES}, with ${found} photos`,
      holds: same === SAMPLES && found > 0,
    })
  }
  const [word] = questionAt(0).words
  const { total } = JSON.parse((await throughApi('hashtag', questionAt(0))).toString()) as { total: number }
  const { rows } = await admin.query<{ count: string }>('SELECT count(*) FROM photo_tags WHERE tag = $1', [
    word,
  ])
  const counted = Math.min(Number(rows[0]!.count), 1_000)
  findings.push({ what: `total of #${word}`, value: `${total} of ${counted}`, holds: total === counted })
  return findings
}
const SAMPLES = 20
