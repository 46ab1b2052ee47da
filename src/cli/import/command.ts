import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative, sep } from 'node:path'
import { messageOf } from '../../observability/error-text.ts'
import { abortOnInterrupt, EXIT } from '../exit.ts'
import { askAccount } from '../upload/ask-account.ts'
import { RefusedError, signIn } from '../upload/client.ts'
import { describePhoto, type Describe } from '../upload/describe-photo.ts'
import { findPhotos, type FoundPhoto } from '../upload/find-photos.ts'
import { megabytes, openTally, print } from '../upload/tally.ts'
import { uploadFolder, type FileReport } from '../upload/upload-folder.ts'
import { importAlbums, type AlbumReport } from './import-albums.ts'
import { readExport, type ReadExport } from './read-export.ts'
import { unpackZip } from './unpack-zip.ts'

export interface ImportOptions {
  server: string
  user?: string
  parallel: number
  visibility?: string
  scratch?: string
  json?: boolean
}

/** A folder to import, and what of the archives is not in it. */
interface Unpacked {
  folder: string
  refused: FileReport[]
}

/**
 * Imports the export of another instance, or what Google Takeout made, and reports what became of each file. Sets the exit code
 * (../exit.ts): failed if some are not there in the end.
 * @throws Error for its user: no such file, no ZIP, no server, wrong password
 */
export async function importArchives(sources: readonly string[], options: ImportOptions): Promise<void> {
  const interruption = abortOnInterrupt()
  const { signal } = interruption
  const scratch = await mkdtemp(join(options.scratch ?? tmpdir(), 'darkroom-import-'))
  try {
    await importFolder(await unpackAll(sources, scratch, signal), options, interruption)
  } catch (error) {
    if (signal.aborted) {
      process.stderr.write('interrupted: run the same command again to go on\n')
      process.exitCode = EXIT.interrupted
      return
    }
    if (error instanceof RefusedError && error.code === 'bad_credentials')
      throw new Error('wrong user name or password', { cause: error })
    throw error
  } finally {
    await rm(scratch, { recursive: true, force: true })
    interruption.release()
  }
}

/** A folder is read where it is; archives, of which Takeout makes several, are unpacked into one. */
async function unpackAll(
  sources: readonly string[],
  scratch: string,
  signal: AbortSignal,
): Promise<Unpacked> {
  const kinds = await Promise.all(sources.map((source) => stat(source).catch(() => undefined)))
  const absent = sources.find((_, index) => !kinds[index])
  if (absent !== undefined) throw new Error(`there is no ${absent}`)
  if (kinds.some((kind) => kind!.isDirectory())) {
    if (sources.length > 1) throw new Error('give one folder, or archives')
    return { folder: sources[0]!, refused: [] }
  }
  const refused: FileReport[] = []
  const taken = new Set<string>()
  for (const source of sources) {
    const onRefused = (name: string, detail: string) =>
      void refused.push({
        path: join(scratch, printable(name)),
        bytes: 0,
        result: { outcome: 'refused', code: 'zip_entry', detail },
        warnings: [],
      })
    try {
      await unpackZip(source, scratch, taken, { signal, onRefused })
    } catch (error) {
      signal.throwIfAborted()
      throw new Error(`${basename(source)}: ${messageOf(error)}`, { cause: error })
    }
  }
  return { folder: scratch, refused }
}

/** A name that is shown, and used for nothing: it may hold anything. */
const printable = (name: string) => name.replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?').replaceAll('..', '__')

async function importFolder(
  { folder, refused }: Unpacked,
  options: ImportOptions,
  interruption: ReturnType<typeof abortOnInterrupt>,
): Promise<void> {
  const { signal } = interruption
  const tally = openTally(folder, options)
  try {
    const exported = await readExport(folder)
    const { photos, leftOut } = sortOut((await findPhotos(folder, signal)).photos, folder, exported)
    const bytes = photos.reduce((sum, photo) => sum + photo.bytes, 0)
    const what = exported ? 'an export of Darkroom' : 'a folder of photos'
    tally.say(`${what}: ${photos.length} photos (${megabytes(bytes)})`)
    const account = await askAccount(options, interruption)
    const client = await signIn(options.server, account, signal, tally.sayWait)
    tally.begin(bytes)
    for (const report of [...refused, ...leftOut]) tally.addFile(report)
    const ids = new Map<string, string>()
    await uploadFolder(photos, {
      client,
      parallel: options.parallel,
      visibility: options.visibility,
      describe: describeBy(folder, exported),
      wait: true,
      signal,
      onBytes: (count) => tally.addBytes(count),
      onFile: (report) => {
        const { path, result } = report
        if ('photoId' in result && result.photoId !== undefined && result.outcome !== 'refused')
          ids.set(nameIn(folder, path), result.photoId)
        tally.addFile(report)
      },
    })
    const albums: AlbumReport[] = []
    if (exported)
      await importAlbums(client, exported.albums, newIds(exported, ids), {
        signal,
        onAlbum: (report) => void albums.push(report),
      })
    tally.end()
    for (const album of albums) tellAlbum(album, options)
    const isIncomplete = tally.isIncomplete() || albums.some(({ outcome }) => outcome === 'failed')
    if (isIncomplete) process.exitCode = EXIT.failed
  } finally {
    tally.end()
  }
}

/** The name of a file in the folder, as an export spells it. */
const nameIn = (folder: string, path: string) => relative(folder, path).split(sep).join('/')

/** Of an export, only photos that it tells of, and that were published. */
function sortOut(found: readonly FoundPhoto[], folder: string, exported: ReadExport | undefined) {
  if (!exported) return { photos: [...found], leftOut: [] }
  const photos: FoundPhoto[] = []
  const leftOut: FileReport[] = []
  for (const photo of found) {
    const known = exported.photos.get(nameIn(folder, photo.path))
    const why = known ? known.leftOut : 'the export does not tell of it'
    if (why === undefined) photos.push(photo)
    else
      leftOut.push({
        path: photo.path,
        bytes: photo.bytes,
        result: { outcome: 'left_out', detail: why },
        warnings: [],
      })
  }
  return { photos, leftOut }
}

function describeBy(folder: string, exported: ReadExport | undefined): Describe {
  if (!exported) return describePhoto
  return async ({ path }) => exported.photos.get(nameIn(folder, path))?.description ?? {}
}

/** Ids here by those at the other instance. The same bytes twice became one photo. */
function newIds({ photos }: ReadExport, ids: ReadonlyMap<string, string>): Map<string, string> {
  const known = [...photos].map(([file, { id }]) => [id, ids.get(file)] as const)
  return new Map(known.filter((pair): pair is [string, string] => pair[1] !== undefined))
}

function tellAlbum({ title, outcome, photos, missing, detail }: AlbumReport, { json }: ImportOptions): void {
  if (json)
    return print(JSON.stringify({ album: title, outcome, photos, missing, ...(detail && { detail }) }))
  const lost = missing > 0 ? `, ${missing} are missing` : ''
  print(
    outcome === 'failed'
      ? `album not imported: ${title}: ${detail}`
      : `album ${title}: ${photos} photos${lost}`,
  )
}
