import {
  addCopied,
  NOTHING_COPIED,
  type ComparisonSlice,
  type CopyInput,
  type CopySlice,
  type ReindexTally,
  type StretchInput,
} from '../../contracts/search-reindex.ts'
import type { PhotoId } from '../../domain/ids.ts'
import type { IndexBuilds } from '../../infra/opensearch/builds.ts'
import type { StoredDocuments } from '../../infra/opensearch/documents.ts'
import { INDEX_VERSION } from '../../infra/opensearch/mapping.ts'
import type { PhotoDocument, PhotoIndex } from '../../infra/opensearch/photo-index.ts'
import { versionOf } from '../../infra/opensearch/versions.ts'
import { compareStretch } from './compare.ts'
import { readPublishedAfter, toDocument, type IndexedRow } from './photo-document.ts'
import type { SearchIndexDeps } from './search-index.ts'

export interface ReindexerDeps extends SearchIndexDeps {
  builds: IndexBuilds
  /** One index alone, by its name. */
  only: (index: string) => Pick<PhotoIndex, 'write'>
  documentsOf: (index: string) => StoredDocuments
}

interface CopyOptions {
  /** No page is begun after this time. */
  maxMs: number
  /** Hears of each page: where a retry may continue. */
  onReached: (reached: CopySlice) => void
  signal: AbortSignal
}

/** Fills a new index from the rows. Every step may be repeated. */
export interface Reindexer {
  /** @param version of the documents; another release's worker has to do it if it is not this one's */
  begin(build: string, version: number): Promise<{ index: string; photos: number }>
  /** Writes the documents of photos in the order of their ids. */
  copy(input: CopyInput, options: CopyOptions): Promise<CopySlice>
  /** Compares photos with the new index, and writes again what is out of line. */
  compare(input: StretchInput, maxMs: number, signal: AbortSignal): Promise<ComparisonSlice>
  swap(index: string): Promise<void>
  abandon(): Promise<void>
}

interface PreparedRow {
  row: IndexedRow
  put: PhotoDocument
}

interface PageUnderWay {
  last: PhotoId | null
  isAtEnd: boolean
  tally: Promise<ReindexTally>
}

/** Photos that are read at once; their documents take about half a megabyte. */
const PAGE = 1_000
/** Pages that OpenSearch writes at once. Of 300,000 photos, four took a tenth less time than two; of a million, as much. */
const PAGES_AT_ONCE = 4

export function createReindexer(deps: ReindexerDeps): Reindexer {
  const { primary, builds, only, documentsOf } = deps

  /** @throws BuildGoneError if the index is no longer being built */
  async function assertBuilding(index: string): Promise<void> {
    assertOurs(versionOf(index))
    if ((await builds.find()).next !== index) throw new BuildGoneError(index)
  }

  async function copyPage(index: string, page: readonly PreparedRow[]): Promise<ReindexTally> {
    const rows = page.map(({ row }) => row)
    const outcomes = await only(index).write(page, { overSame: true })
    const rejections = rows.flatMap(({ photo_id: photoId }, at) => {
      const outcome = outcomes[at]!
      return outcome.state === 'rejected' ? [{ photoId, reason: outcome.reason }] : []
    })
    // A photo that was deleted meanwhile, so long ago that the index has forgotten, would come back by this; the comparison finds it.
    return {
      documents: rows.length - rejections.length,
      rejected: rejections.length,
      rejections: rejections.slice(0, 20),
    }
  }

  return {
    async begin(build, version) {
      assertOurs(version)
      const index = await builds.begin(build)
      return { index, photos: await countPublished(deps) }
    },

    async copy({ index, after, maxDocuments }, { maxMs, onReached, signal }) {
      await assertBuilding(index)
      const endsAt = performance.now() + maxMs
      let reached: CopySlice = { after, tally: NOTHING_COPIED, isAtEnd: false }
      const size = Math.min(PAGE, maxDocuments)
      const prepare = async (from: PhotoId | null) =>
        (await readPublishedAfter(primary, from, size)).map((row) => ({ row, put: toDocument(row) }))

      async function reach({ last: photoId, tally, isAtEnd }: PageUnderWay): Promise<void> {
        reached = { after: photoId, tally: addCopied(reached.tally, await tally), isAtEnd }
        onReached(reached)
      }

      // While OpenSearch writes pages, the next one is made.
      const underWay: PageUnderWay[] = []
      let last = after
      try {
        let next = prepare(after)
        for (let begun = 0; ;) {
          const page = await next
          signal.throwIfAborted()
          const isAtEnd = page.length < size
          last = page.at(-1)?.row.photo_id ?? last
          begun += page.length
          const isOver = isAtEnd || performance.now() > endsAt || begun + size > maxDocuments
          underWay.push({ last, isAtEnd, tally: handled(copyPage(index, page)) })
          if (!isOver) next = handled(prepare(last))
          while (underWay.length > (isOver ? 0 : PAGES_AT_ONCE - 1)) await reach(underWay.shift()!)
          if (isOver) return reached
        }
      } finally {
        // A slice that fails or is cancelled leaves no write behind.
        await Promise.allSettled(underWay.map(({ tally }) => tally))
      }
    },

    async compare({ index, after }, maxMs, signal) {
      await assertBuilding(index)
      await builds.refresh(index)
      return compareStretch(deps, documentsOf(index), { after, maxMs, signal })
    },

    async swap(index) {
      assertOurs(versionOf(index))
      await builds.swap(index)
    },
    abandon: () => builds.abandon(),
  }
}

/** How many photos have a document. Plan: a scan of photos, a second for some millions. */
export async function countPublished({ primary }: Pick<SearchIndexDeps, 'primary'>): Promise<number> {
  const [row] = await primary<{ photos: string }>({
    text: `SELECT count(*) AS photos FROM photos WHERE status = 'ready'`,
  })
  return Number(row!.photos)
}

/** Retried until a worker of the release takes it that was meant. */
function assertOurs(version: number): void {
  if (version !== INDEX_VERSION)
    throw new Error(`this release writes documents of version ${INDEX_VERSION}, not ${version}`)
}

/** The index was deleted, given up or taken into use while it was being built. */
class BuildGoneError extends Error {
  override readonly name = 'BuildGoneError'

  constructor(index: string) {
    super(`${index} is not being built any more`)
  }
}

/** It is awaited later; until then, its failure is no unhandled one. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}
