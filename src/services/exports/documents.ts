import type { PhotoId } from '../../domain/ids.ts'
import type { Query } from '../../infra/db/database.ts'
import type { PlaceOf } from '../../infra/geo/places.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { AVATAR_FILE, readAvatarFile } from './avatar-file.ts'
import { galleryName, galleryPage, overviewPage, pageNumber } from './gallery.ts'
import type { AccountList } from './account-list.ts'
import { ACCOUNT, ACCOUNT_LISTS } from './lists-of-account.ts'
import { madeAt, type Part } from './part.ts'
import { readPhotos } from './read-photos.ts'

export interface DocumentDeps {
  primary: Query
  objects: Pick<ObjectStore, 'read'>
  placeOf: PlaceOf
}

/** What is made of rows, file by file. */
interface Document {
  name: string
  /**
   * Adds the files of a stretch of rows, a few MB at most.
   * @param after where the one before it ended; null at the beginning
   * @returns where the next one begins; null after the last
   */
  write(deps: DocumentDeps, part: Part, after: string[] | null, page: number): Promise<string[] | null>
}

/** Photos on a page of the gallery, each with up to some 30 kB of texts. */
const PHOTOS_PER_FILE = 200
/** Rows in a file of JSON, each with up to some 9 kB of text. */
const ROWS_PER_FILE = 500
/** The report names no more of those that are missing; its counts tell of all. */
const MAX_NAMED = 1_000

const json = (value: unknown) => Buffer.from(`${JSON.stringify(value, null, 1)}\n`)

const account: Document = {
  name: 'account',
  async write(deps, part) {
    const { userId } = part.export
    const [row] = await deps.primary<{ account: unknown }>({ text: ACCOUNT, values: [userId] })
    part.addFile('data/account.json', json(row?.account ?? null), madeAt(part.export))
    const avatar = await readAvatarFile(deps, userId)
    if (avatar) part.addFile(AVATAR_FILE, avatar, madeAt(part.export))
    return null
  },
}

/** Of the originals that are in the archive. A photo that was deleted since its original was written is left out from here on. */
const photos: Document = {
  name: 'photos',
  async write({ primary, placeOf }, part, after, page) {
    // One more tells whether a page follows. Files that were made for the pages before it are no photos.
    const found = await part.entriesAfter(Number(after?.[0] ?? 0), PHOTOS_PER_FILE + 1)
    const entries = found.slice(0, PHOTOS_PER_FILE)
    const originals = entries.filter((entry) => entry.photoId !== null && entry.leftOut === null)
    const files = new Map(originals.map(({ photoId, name }) => [photoId as PhotoId, name]))
    const known = await readPhotos(primary, placeOf, files)
    part.leaveOut(originals.filter(({ photoId }) => !known.has(photoId as PhotoId)))
    const shown = [...files.keys()]
      .map((photoId) => known.get(photoId))
      .filter((photo) => photo !== undefined)
    part.addFile(`data/photos-${pageNumber(page)}.json`, json(shown), madeAt(part.export))
    part.addFile(galleryName(page), Buffer.from(galleryPage(shown, page)), madeAt(part.export))
    const next = found[PHOTOS_PER_FILE]
    return next && next.photoId !== null ? [String(entries.at(-1)!.number)] : null
  },
}

const listed = ({ name, text }: AccountList): Document => ({
  name,
  async write({ primary }, part, after, page) {
    const rows = await primary<{ item: unknown; key: string[] }>({
      name: `export-${name}`,
      text,
      values: [part.export.userId, after, ROWS_PER_FILE + 1],
    })
    const shown = rows.slice(0, ROWS_PER_FILE)
    const items = shown.map((row) => row.item)
    part.addFile(`data/${name}-${pageNumber(page)}.json`, json(items), madeAt(part.export))
    return rows.length > ROWS_PER_FILE ? shown.at(-1)!.key : null
  },
})

const ABOUT_PHOTOS = 'Your photos; `file` is where the original is'
const ABOUT_ACCOUNT = 'Your account and its settings'

const overview: Document = {
  name: 'overview',
  async write({ primary }, part) {
    const { export: open } = part
    const { exportId, userId } = open
    const [names] = await primary<{ username: string }>({
      text: 'SELECT username FROM users WHERE user_id = $1',
      values: [userId],
    })
    const missing = await primary<{ photo_id: PhotoId; left_out: string }>({
      text: `SELECT photo_id, coalesce(left_out, 'deleted') AS left_out FROM export_entries
        WHERE export_id = $1 AND (left_out IS NOT NULL OR number = ANY ($2)) ORDER BY number LIMIT ${MAX_NAMED}`,
      values: [exportId, part.leftOutBefore],
    })
    const [gallery] = await primary<{ pages: number }>({
      text: `SELECT count(*)::integer AS pages FROM export_entries WHERE export_id = $1 AND name LIKE 'gallery/%'`,
      values: [exportId],
    })
    const ownPages = part.listed.filter(({ name }) => name.startsWith('gallery/')).length
    const included = open.photos + part.photos
    const leftOut = Math.max(0, open.photosTotal - included)
    const own = part.listed.filter((entry) => entry.leftOut !== null)
    const report = {
      format: 'darkroom-export',
      version: 1,
      exportId,
      username: names?.username ?? null,
      requestedAt: open.createdAt.toISOString(),
      photosAtTheBeginning: open.photosTotal,
      photos: included,
      leftOut: {
        count: leftOut,
        why: 'deleted: its owner deleted the photo while the export was prepared; missing: the storage has lost its original',
        known: [
          ...missing.map(({ photo_id: photoId, left_out: why }) => ({ photoId, why })),
          ...own.map(({ photoId, leftOut: why }) => ({ photoId, why })),
        ].slice(0, MAX_NAMED),
      },
    }
    part.addFile('report.json', json(report), madeAt(open))
    const page = overviewPage({
      username: names?.username ?? '',
      exportedAt: open.createdAt,
      photos: included,
      leftOut,
      galleryPages: gallery!.pages + ownPages,
      files: [
        { name: 'account.json', about: ABOUT_ACCOUNT },
        { name: 'photos-0001.json', about: ABOUT_PHOTOS },
        ...ACCOUNT_LISTS.map(({ name, about }) => ({ name: `${name}-0001.json`, about })),
      ],
    })
    part.addFile('index.html', Buffer.from(page), madeAt(open))
    return null
  },
}

/** In this order; the overview counts what those before it have found. */
const DOCUMENTS: readonly Document[] = [photos, account, ...ACCOUNT_LISTS.map(listed), overview]

export const FIRST_DOCUMENT = DOCUMENTS[0]!.name

/** Adds the next files, and moves on. */
export async function writeDocument(deps: DocumentDeps, part: Part): Promise<void> {
  const { position } = part
  if (position.stage !== 'documents') return
  const at = DOCUMENTS.findIndex(({ name }) => name === position.document)
  const document = DOCUMENTS[at]
  if (!document) throw new Error(`no document ${position.document}: the export was begun by another release`)
  const after = await document.write(deps, part, position.after, position.page)
  const next = DOCUMENTS[at + 1]
  if (after) part.moveTo({ ...position, after, page: position.page + 1 })
  else if (next) part.moveTo({ stage: 'documents', document: next.name, after: null, page: 1 })
  else part.moveTo({ stage: 'directory', after: 0, entries: 0, at: part.end })
}
