import { storedDocuments } from '../src/infra/opensearch/documents.ts'
import { INDEX_VERSION, indexMapping, indexSettings } from '../src/infra/opensearch/mapping.ts'
import type { PhotoDocument } from '../src/infra/opensearch/photo-index.ts'
import { readPublishedAfter, toDocument } from '../src/services/search/photo-document.ts'
import type { Benchmark, Finding, Sample, Trial, TrialOptions } from './harness.ts'
import { insertReadyPhotos } from './photos.ts'
import { openReindexing } from './reindexing.ts'
import { startBenchService } from './service.ts'

const sizes = { full: 1_000_000, quick: 20_000 }
/** Each has as many photos; their number is rounded up. */
const OWNERS = 1_000
/** Operations of a request of the reference, as many as of ours. */
const BULK = 1_000

export const index: Benchmark = {
  name: 'index',
  summary:
    'The search index is built anew from Postgres, and the same documents are sent to OpenSearch as they are.',
  open,
}

async function open({ quick, documents }: TrialOptions): Promise<Trial> {
  const each = Math.ceil((documents ?? (quick ? sizes.quick : sizes.full)) / OWNERS)
  const photos = each * OWNERS
  const service = await startBenchService()
  const { instance, admin } = service
  const reindexing = await openReindexing(instance.env)
  const { client, db, prefix, reindexer } = reindexing
  const close = async () => {
    await reindexing.close()
    await service.stop()
  }
  try {
    await insertOwnersAndPhotos(each)
    const { signal } = new AbortController()
    const raw = `${prefix}-bench-raw`
    let built = ''
    let nth = 0
    let outOfLine = 0

    async function measureOurs(): Promise<Sample> {
      const { index: name } = await reindexer.begin(`bench${++nth}`, INDEX_VERSION)
      const copyMs = await timed(() => reindexing.copyAll(name))
      const compareMs = await timed(async () => {
        for (let after: string | null = null; ;) {
          const { tally, ...slice } = await reindexer.compare({ index: name, after }, 5_000, signal)
          outOfLine += tally.missing + tally.extra + tally.stale + tally.different + tally.ahead
          if (slice.isAtEnd) break
          after = slice.after
        }
      })
      const swapMs = await timed(() => reindexer.swap(name))
      built = name
      return {
        documentsPerSecond: (photos / copyMs) * 1_000,
        wholePerSecond: (photos / (copyMs + compareMs + swapMs)) * 1_000,
        swapMs,
      }
    }

    /**
     * All requests are ready before the clock starts: pauses between them would be time in which OpenSearch merges segments unseen.
     * @returns how long they take, in ms
     */
    async function sendRaw(): Promise<number> {
      await client.indices.delete({ index: raw, ignore_unavailable: true })
      await client.indices.create({
        index: raw,
        body: { settings: { index: { ...indexSettings, refresh_interval: '30s' } }, mappings: indexMapping },
      })
      const requests: string[][] = []
      for (let after: string | null = null; ;) {
        const rows = await readPublishedAfter(db.primary, after, BULK)
        if (rows.length === 0) break
        requests.push(rows.map(toDocument).flatMap(rawLines))
        after = rows.at(-1)!.photo_id
      }
      return timed(async () => {
        for (const body of requests)
          await client.bulk(
            { index: raw, body: body as unknown as Record<string, unknown>[] },
            { requestTimeout: 20_000 },
          )
        await client.indices.refresh({ index: raw })
      })
    }

    return {
      conditions: {
        data: `${photos.toLocaleString('en')} published photos of ${OWNERS.toLocaleString('en')} accounts, each with a caption`,
        references:
          'the same mapping and settings, requests of 1,000 documents, one after the other, without versions',
        load: 'from the process of the benchmark, on the same cores as all servers',
      },
      contenders: [
        {
          name: 'darkroom',
          setting: 'the steps of searchReindex: rows from Postgres, documents made of them, versioned writes',
          measure: measureOurs,
        },
        {
          name: 'raw _bulk',
          setting: 'documents that are made before the clock starts',
          measure: async () => ({ documentsPerSecond: (photos / (await sendRaw())) * 1_000 }),
        },
      ],
      comparisons: [
        {
          figure: 'documentsPerSecond',
          unit: 'documents/s copied',
          ours: 'darkroom',
          reference: 'raw _bulk',
          goal: { of: 'ratio', atLeast: 0.8 },
        },
        { figure: 'wholePerSecond', unit: 'documents/s copied, compared and swapped', ours: 'darkroom' },
        { figure: 'swapMs', unit: 'ms to swap', ours: 'darkroom' },
      ],
      async verify(): Promise<Finding[]> {
        const ours = await storedDocuments(client, built).count()
        const theirs = await storedDocuments(client, raw).count()
        return [
          { what: 'documents in the new index', value: String(ours), holds: ours === photos },
          { what: 'documents of the reference', value: String(theirs), holds: theirs === photos },
          { what: 'out of line when compared', value: String(outOfLine), holds: outOfLine === 0 },
        ]
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }

  async function insertOwnersAndPhotos(each: number): Promise<void> {
    await admin.query('SET session_replication_role = replica')
    const { rows } = await admin.query<{ user_id: string }>(
      `INSERT INTO users (username, password_hash) SELECT 'owner' || i, 'none' FROM generate_series(1, $1::integer) i
       RETURNING user_id`,
      [OWNERS],
    )
    const firstOwner = Number(rows[0]!.user_id)
    await insertReadyPhotos(admin, { firstOwner, owners: OWNERS, each })
    await admin.query('SET session_replication_role = origin')
    await admin.query('VACUUM ANALYZE')
    await service.settle()
  }
}

const rawLines = (document: PhotoDocument): string[] => [
  JSON.stringify({ index: { _id: document.photoId } }),
  JSON.stringify(document),
]

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}
