import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import {
  addFindings,
  NOTHING_FOUND,
  type ComparisonSlice,
  type Findings,
} from '../../contracts/search-reindex.ts'
import type { PhotoId } from '../../domain/ids.ts'
import type { StoredDocuments } from '../../infra/opensearch/documents.ts'
import type { PhotoDocument } from '../../infra/opensearch/photo-index.ts'
import { readPublishedAfter, readRows, toDocument, type IndexedRow } from './photo-document.ts'
import { bringInLine, type SearchIndexDeps } from './search-index.ts'

/** Photos that are read at once. */
const PAGE = 500
/** Documents of a page's ids that are read at once; more only where many have no row. */
const MAX_DOCUMENTS = 4 * PAGE
/** What is out of line after this time is so for good: a change takes a second to be searchable. */
export const SETTLE_MS = 5_000

type Drift = 'missing' | 'extra' | 'stale' | 'ahead' | 'different' | 'aged'

interface CompareOptions {
  after: PhotoId | null
  /** No page is begun after this time, or after so many photos. */
  maxMs: number
  maxPhotos?: number
  settleMs?: number
  signal?: AbortSignal | undefined
}

/**
 * Compares photos, in the order of their ids, with the documents of one index, in both directions and field by field; writes
 * again what stays out of line for some seconds.
 * @param documents of the index that is compared; repairs go to all
 */
export async function compareStretch(
  deps: SearchIndexDeps,
  documents: StoredDocuments,
  { after, maxMs, maxPhotos = Infinity, settleMs = SETTLE_MS, signal }: CompareOptions,
): Promise<ComparisonSlice> {
  const endsAt = performance.now() + maxMs
  const suspects = new Map<PhotoId, number | null>()
  let reached = after
  let compared = 0
  let isAtEnd = false
  while (!isAtEnd && compared < maxPhotos && performance.now() < endsAt) {
    signal?.throwIfAborted()
    const page = await readPage(deps, documents, reached)
    for (const photoId of page.outOfLine) suspects.set(photoId, page.rows.get(photoId)?.version ?? null)
    compared += page.rows.size
    reached = page.until ?? reached
    isAtEnd = page.until === null
  }
  let tally: Findings = { ...NOTHING_FOUND, compared }
  if (suspects.size > 0) await delay(settleMs, undefined, { signal })
  const photoIds = [...suspects.keys()]
  for (let at = 0; at < photoIds.length; at += PAGE) {
    signal?.throwIfAborted()
    tally = addFindings(tally, await repair(deps, documents, photoIds.slice(at, at + PAGE), suspects))
  }
  return { after: isAtEnd ? null : reached, tally, isAtEnd }
}

async function readPage(
  { primary }: SearchIndexDeps,
  documents: StoredDocuments,
  after: PhotoId | null,
): Promise<{ rows: Map<PhotoId, IndexedRow>; outOfLine: PhotoId[]; until: PhotoId | null }> {
  const published = await readPublishedAfter(primary, after, PAGE)
  let until = published.length < PAGE ? null : published.at(-1)!.photo_id
  const found = await documents.between(after, until, MAX_DOCUMENTS)
  if (found.length === MAX_DOCUMENTS) until = found.at(-1)!.photoId
  const rows = new Map(
    published
      .filter((row) => until === null || row.photo_id <= until)
      .map((row) => [row.photo_id, row] as const),
  )
  const byId = new Map(found.map((document) => [document.photoId, document]))
  const photoIds = new Set([...rows.keys(), ...byId.keys()])
  const outOfLine = [...photoIds].filter((photoId) => driftOf(rows.get(photoId), byId.get(photoId)))
  return { rows, outOfLine, until }
}

/** Judges the suspects again by what is there now, and brings those in line whose rows have stood still. */
async function repair(
  deps: SearchIndexDeps,
  documents: StoredDocuments,
  photoIds: readonly PhotoId[],
  versionsBefore: ReadonlyMap<PhotoId, number | null>,
): Promise<Findings> {
  const found = await look(deps, documents, photoIds)
  const drifted = photoIds.filter((photoId) => {
    const { row, drift } = found.get(photoId)!
    const version = row?.status === 'ready' ? row.version : null
    return drift && version === versionsBefore.get(photoId)
  })
  const faults = drifted.filter((photoId) => found.get(photoId)!.drift !== 'aged')
  const findings = { ...NOTHING_FOUND, examples: faults.slice(0, 20) }
  for (const photoId of drifted) findings[found.get(photoId)!.drift!]++
  await bringInLine(deps, drifted, { overSame: true })
  const left = await look(deps, documents, faults)
  findings.repaired = faults.filter((photoId) => !left.get(photoId)!.drift).length
  return findings
}

async function look({ primary }: SearchIndexDeps, documents: StoredDocuments, photoIds: readonly PhotoId[]) {
  const stored = new Map((await documents.of(photoIds)).map((each) => [each.photoId, each]))
  const rows = await readRows(primary, photoIds)
  return new Map(
    photoIds.map((photoId) => {
      const row = rows.get(photoId)
      return [photoId, { row, drift: driftOf(row, stored.get(photoId)) }] as const
    }),
  )
}

/** What is out of line about a photo, if anything is. */
function driftOf(row: IndexedRow | undefined, document: PhotoDocument | undefined): Drift | undefined {
  if (row?.status !== 'ready') return document && 'extra'
  if (!document) return 'missing'
  if (document.version < row.version) return 'stale'
  if (document.version > row.version) return 'ahead'
  // As it went through JSON.
  const wanted = JSON.parse(JSON.stringify(toDocument(row))) as PhotoDocument
  if (!isDeepStrictEqual({ ...wanted, popularity: document.popularity }, document)) return 'different'
  return wanted.popularity === document.popularity ? undefined : 'aged'
}
