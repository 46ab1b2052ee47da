import type { ExportPosition } from '../../entities/index.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import { UploadGoneError } from '../../infra/s3/multipart.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { directoryHeader, endRecords } from '../../infra/zip/zip-records.ts'
import { exportPartBytes } from '../../domain/exports.ts'
import type { Logger } from '../../observability/logger.ts'
import { exportBegunAgain, exportPartWritten } from '../../observability/export-events.ts'
import { FIRST_DOCUMENT, writeDocument, type DocumentDeps } from './documents.ts'
import { exportKey, findOpenExport, type OpenExport } from './export-row.ts'
import { EXPORTED_STATUSES } from './originals.ts'
import { beginPart, type Part } from './part.ts'
import { writeOriginal, type OriginalStores } from './write-originals.ts'

export interface WriterDeps extends OriginalStores, DocumentDeps {
  db: Pick<Database, 'primary' | 'transaction'>
  objects: Pick<ObjectStore, 'read' | 'readRange' | 'beginParts' | 'putPart' | 'abortParts'>
  logger: Logger
  /** For tests; else by the estimate of the archive's length. */
  partBytes?: number | undefined
}

/** `cold`: an original cannot be read yet. `stale`: the export is no longer being prepared, or another process was faster. */
export type PartOutcome = 'more' | 'written' | 'cold' | 'stale'

/** Headers of the directory that are added at a time. */
const HEADERS = 1_000

/**
 * Writes the next part of an archive. Its bytes are made in memory, stored, and then recorded with all that follows from them in one
 * transaction; a process that is killed before leaves a part that the next one replaces.
 */
export async function writePart(deps: WriterDeps, exportId: string): Promise<PartOutcome> {
  const found = await findOpenExport(deps.db.primary, exportId)
  if (!found) return 'stale'
  if (found.position.stage === 'end') return 'written'
  const open = found.uploadId === null ? await beginArchive(deps, exportId) : found
  if (!open) return 'stale'
  const part = beginPart(deps.db.primary, open)
  while (part.room > 0 && part.position.stage !== 'end') {
    if ((await writeNext(deps, part)) === 'cold') return 'cold'
  }
  const content = part.content()
  let etag: string
  try {
    etag = await deps.objects.putPart(exportKey(exportId), open.uploadId!, open.parts + 1, content)
  } catch (error) {
    if (!(error instanceof UploadGoneError)) throw error
    await beginAgain(deps, open, 'the storage has no such upload')
    return 'more'
  }
  const isRecorded = await deps.db.transaction((tx) => record(tx, part, { bytes: content.length, etag }))
  if (!isRecorded) return 'stale'
  exportPartWritten(content.length)
  return part.position.stage === 'end' ? 'written' : 'more'
}

async function writeNext(deps: WriterDeps, part: Part): Promise<'cold' | undefined> {
  switch (part.position.stage) {
    case 'originals': {
      const outcome = await writeOriginal(deps, part)
      if (outcome === 'cold') return 'cold'
      if (outcome === 'done')
        part.moveTo({ stage: 'documents', document: FIRST_DOCUMENT, after: null, page: 1 })
      return undefined
    }
    case 'documents':
      await writeDocument(deps, part)
      return undefined
    case 'directory':
      await writeDirectory(part, part.position)
      return undefined
    case 'end':
      return undefined
  }
}

async function writeDirectory(
  part: Part,
  position: Extract<ExportPosition, { stage: 'directory' }>,
): Promise<void> {
  const { after, entries, at } = position
  const next = await part.entriesAfter(after, HEADERS)
  const shown = next.filter(({ leftOut }) => leftOut === null)
  part.append(Buffer.concat(shown.map(directoryHeader)))
  const listed = entries + shown.length
  const last = next.at(-1)
  if (last && next.length === HEADERS) {
    part.moveTo({ ...position, after: last.number, entries: listed })
    return
  }
  part.append(endRecords({ entries: listed, at, bytes: part.end - at }))
  part.moveTo({ stage: 'end' })
}

/** Counts what there is to write, and begins the upload. Undefined if another process was faster, or the export was deleted. */
async function beginArchive(
  { db, objects, partBytes }: WriterDeps,
  exportId: string,
): Promise<OpenExport | undefined> {
  // Plan: photos_owner_id_idx, all of the account's photos.
  const [total] = await db.primary<{ photos: number; bytes: string }>({
    text: `SELECT count(b.blob_id)::integer AS photos, coalesce(sum(b.bytes), 0) AS bytes
      FROM account_exports e LEFT JOIN (photos p JOIN blobs b USING (blob_id))
        ON p.owner_id = e.user_id AND p.created_at <= e.created_at AND p.status = ANY ($2)
      WHERE e.export_id = $1`,
    values: [exportId, EXPORTED_STATUSES],
  })
  const { photos, bytes } = total!
  const key = exportKey(exportId)
  const uploadId = await objects.beginParts(key, 'application/zip')
  const begun = await db.primary({
    text: `UPDATE account_exports SET upload_id = $2, part_bytes = $3, photos_total = $4, bytes_total = $5
      WHERE export_id = $1 AND status = 'preparing' AND upload_id IS NULL RETURNING 1`,
    values: [
      exportId,
      uploadId,
      partBytes ?? exportPartBytes({ photos, bytes: Number(bytes) }),
      photos,
      bytes,
    ],
  })
  if (begun.length === 0) await objects.abortParts(key, uploadId)
  return begun.length === 0 ? undefined : findOpenExport(db.primary, exportId)
}

/** All that a part changes, unless another process has recorded this part or the export is no longer being prepared. */
async function record(
  { query }: Transaction,
  part: Part,
  stored: { bytes: number; etag: string },
): Promise<boolean> {
  const { exportId, uploadId, parts } = part.export
  const moved = await query({
    text: `UPDATE account_exports SET parts = parts + 1, bytes = bytes + $4, entries = entries + $5, photos = photos + $6, position = $7,
        progressed_at = now()
      WHERE export_id = $1 AND upload_id = $2 AND parts = $3 AND status = 'preparing' RETURNING 1`,
    values: [
      exportId,
      uploadId,
      parts,
      stored.bytes,
      part.listed.length,
      part.photos,
      JSON.stringify(part.position),
    ],
  })
  if (moved.length === 0) return false
  await query({
    text: 'INSERT INTO export_parts (export_id, number, bytes, etag) VALUES ($1, $2, $3, $4)',
    values: [exportId, parts + 1, stored.bytes, stored.etag],
  })
  const { listed } = part
  await query({
    text: `INSERT INTO export_entries (export_id, number, photo_id, name, at, bytes, crc32, modified, left_out)
      SELECT $1::uuid, * FROM unnest($2::integer[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[])`,
    values: [
      exportId,
      listed.map(({ number }) => number),
      listed.map(({ photoId }) => photoId),
      listed.map(({ name }) => name),
      listed.map(({ at }) => at),
      listed.map(({ bytes }) => bytes),
      listed.map(({ crc32 }) => crc32),
      listed.map(({ modified }) => modified),
      listed.map(({ leftOut }) => leftOut),
    ],
  })
  if (part.leftOutBefore.length > 0)
    await query({
      text: `UPDATE export_entries SET left_out = 'deleted' WHERE export_id = $1 AND number = ANY ($2)`,
      values: [exportId, part.leftOutBefore],
    })
  return true
}

/** Forgets all parts, as they do not make an archive any more. Rows of an archive are few enough for one statement. */
export async function beginAgain(
  { db, objects, logger }: Pick<WriterDeps, 'db' | 'logger'> & { objects: Pick<ObjectStore, 'abortParts'> },
  { exportId, uploadId }: Pick<OpenExport, 'exportId' | 'uploadId'>,
  why: string,
): Promise<void> {
  const isReset = await db.transaction(async ({ query }) => {
    const reset = await query({
      text: `UPDATE account_exports SET upload_id = NULL, parts = 0, entries = 0, bytes = 0, photos = 0, position = NULL
        WHERE export_id = $1 AND upload_id = $2 AND status = 'preparing' RETURNING 1`,
      values: [exportId, uploadId],
    })
    if (reset.length > 0) await forgetParts(query, exportId)
    return reset.length > 0
  })
  if (!isReset) return
  exportBegunAgain(logger, exportId, why)
  if (uploadId !== null) await objects.abortParts(exportKey(exportId), uploadId)
}

/** What the directory and the assembly were made of. */
export async function forgetParts(query: Transaction['query'], exportId: string): Promise<void> {
  await query({ text: 'DELETE FROM export_entries WHERE export_id = $1', values: [exportId] })
  await query({ text: 'DELETE FROM export_parts WHERE export_id = $1', values: [exportId] })
}
