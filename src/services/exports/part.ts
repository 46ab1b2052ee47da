import { crc32 } from 'node:zlib'
import type { PhotoId } from '../../domain/ids.ts'
import type { ExportEntryRow, ExportPosition } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import { dosTime, localHeader, type PlacedEntry } from '../../infra/zip/zip-records.ts'
import type { OpenExport } from './export-row.ts'

/** A file of the archive, as its directory lists it unless it is left out. */
interface ExportedEntry extends PlacedEntry {
  /** Counted from 1 on. */
  number: number
  photoId: PhotoId | null
  leftOut: ExportEntryRow['left_out']
}

/** A part of an archive, in memory until it is stored: then all that it changes is recorded at once. */
export interface Part {
  readonly export: OpenExport
  /** Where what comes next will be. */
  readonly position: ExportPosition
  /** The length of the archive up to here. */
  readonly end: number
  /** How many bytes are wanted yet. */
  readonly room: number
  readonly photos: number
  moveTo(position: ExportPosition): void
  append(bytes: Buffer): void
  /** Adds a file, with its header. */
  addFile(name: string, content: Buffer, modified: number, photoId?: PhotoId): void
  /** Lists a file whose header and bytes are there. */
  list(entry: PlacedEntry & { photoId: PhotoId | null; leftOut: ExportEntryRow['left_out'] }): void
  /** Those behind a number, in order: of this part and of those before it. */
  entriesAfter(number: number, limit: number): Promise<ExportedEntry[]>
  /** The directory will not list these. */
  leaveOut(entries: readonly ExportedEntry[]): void
  /** What is to be stored and recorded. */
  content(): Buffer
  readonly listed: readonly ExportedEntry[]
  readonly leftOutBefore: readonly number[]
}

// Plan: export_entries_pkey.
const ENTRIES = `
  SELECT number, photo_id, name, at, bytes, crc32, modified, left_out FROM export_entries
  WHERE export_id = $1 AND number > $2 ORDER BY number LIMIT $3`

export function beginPart(query: Query, open: OpenExport): Part {
  const chunks: Buffer[] = []
  const listed: ExportedEntry[] = []
  const leftOutBefore = new Set<number>()
  let length = 0
  let photos = 0
  let { position } = open

  const part: Part = {
    export: open,
    get position() {
      return position
    },
    get end() {
      return open.bytes + length
    },
    get room() {
      return open.partBytes - length
    },
    get photos() {
      return photos
    },
    moveTo(next) {
      position = next
    },
    append(bytes) {
      chunks.push(bytes)
      length += bytes.length
    },
    addFile(name, content, modified, photoId) {
      const entry = { name, bytes: content.length, crc32: crc32(content), modified, at: part.end }
      part.append(localHeader(entry))
      part.append(content)
      part.list({ ...entry, photoId: photoId ?? null, leftOut: null })
    },
    list(entry) {
      listed.push({ ...entry, number: open.entries + listed.length + 1 })
      if (entry.photoId !== null && entry.leftOut === null) photos++
    },
    async entriesAfter(number, limit) {
      const rows = await query<Omit<ExportEntryRow, 'export_id'>>({
        name: 'export-entries',
        text: ENTRIES,
        values: [open.exportId, number, limit],
      })
      const before = rows.filter((row) => row.number <= open.entries).map(toEntry)
      for (const entry of before) if (leftOutBefore.has(entry.number)) entry.leftOut = 'deleted'
      const own = listed.filter((entry) => entry.number > number)
      return [...before, ...own].slice(0, limit)
    },
    leaveOut(entries) {
      for (const entry of entries) {
        const own = listed.find(({ number }) => number === entry.number)
        if (own) own.leftOut = 'deleted'
        else leftOutBefore.add(entry.number)
        photos--
      }
    },
    content: () => Buffer.concat(chunks),
    listed,
    get leftOutBefore() {
      return [...leftOutBefore]
    },
  }
  return part
}

function toEntry(row: Omit<ExportEntryRow, 'export_id'>): ExportedEntry {
  return {
    number: row.number,
    photoId: row.photo_id,
    name: row.name,
    at: Number(row.at),
    bytes: Number(row.bytes),
    crc32: Number(row.crc32),
    modified: Number(row.modified),
    leftOut: row.left_out,
  }
}

/** The time of files that are made for the archive: that of its beginning, so that making one again makes the same. */
export const madeAt = ({ createdAt }: OpenExport): number => dosTime(createdAt.toISOString().slice(0, 19))
