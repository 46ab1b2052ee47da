import { createWriteStream } from 'node:fs'
import { mkdir, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import * as yauzl from 'yauzl'
import { messageOf } from '../../observability/error-text.ts'

export interface UnpackOptions {
  signal: AbortSignal
  limits?: Partial<UnpackLimits>
  /** Hears of each entry that is left out, and why. */
  onRefused: (name: string, why: string) => void
}

interface UnpackLimits {
  entries: number
  /** Of one file. */
  fileBytes: number
  /** Unpacked, for each byte of the archive, beyond what is granted to any: photos hardly shrink, and texts are a small part. */
  ratio: number
  grantedBytes: number
  /** The same of one file. */
  fileRatio: number
}

const LIMITS: UnpackLimits = {
  entries: 2_000_000,
  // As much as S3 takes in one PUT; an original is smaller.
  fileBytes: 5 * 1024 ** 3,
  ratio: 4,
  grantedBytes: 1024 ** 3,
  fileRatio: 200,
}
/** A small file of zeros is no bomb. */
const GRANTED_FILE_BYTES = 16 * 1024 ** 2
/** Left free on the disk. */
const SPARE_BYTES = 256 * 1024 ** 2

const FILE_TYPE = 0o170000
const REGULAR_FILE = 0o100000

/**
 * Unpacks the files of an archive into a folder that nobody else writes to. Whatever could be meant to harm is left out: names that lead
 * elsewhere, links, a second file of a name, and what is encrypted or larger than it says.
 * @param taken names that are there already, of an earlier archive; grows
 * @throws Error if it is no ZIP, is larger unpacked than it may be, or there is no room for it
 */
export async function unpackZip(
  path: string,
  folder: string,
  taken: Set<string>,
  { signal, onRefused, ...options }: UnpackOptions,
): Promise<void> {
  const limits = { ...LIMITS, ...options.limits }
  const { size } = await stat(path)
  const zip = await yauzl.openPromise(path, { autoClose: false, decodeStrings: false })
  try {
    const mostBytes = Math.min(limits.grantedBytes + size * limits.ratio, await roomIn(folder))
    let total = 0
    let seen = 0
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted()
      if (++seen > limits.entries) throw new Error(`more than ${limits.entries} files`)
      const raw = entry.fileName as unknown as Buffer
      const { generalPurposeBitFlag, extraFields } = entry
      const name = yauzl.getFileNameLowLevel(generalPurposeBitFlag, raw, extraFields, true)
      if (name.endsWith('/')) continue
      const why = refusalOf(name, entry, taken, limits)
      if (why !== undefined) {
        onRefused(name, why)
        continue
      }
      total += entry.uncompressedSize
      // Files that overlap in the archive are counted each.
      if (total > mostBytes)
        throw new Error(`unpacked, it is larger than the ${mostBytes} bytes that it may take`)
      taken.add(folded(name))
      const target = join(folder, ...name.split('/'))
      try {
        await unpack(await zip.openReadStreamPromise(entry), target, entry.crc32, signal)
      } catch (error) {
        signal.throwIfAborted()
        await rm(target, { force: true }).catch(() => undefined)
        onRefused(name, messageOf(error))
      }
    }
  } finally {
    zip.close()
  }
}

type Entry = Pick<
  yauzl.Entry,
  'compressedSize' | 'uncompressedSize' | 'externalFileAttributes' | 'versionMadeBy' | 'isEncrypted'
>

/** Why a file is left out; undefined if it is not. */
function refusalOf(
  name: string,
  entry: Entry,
  taken: ReadonlySet<string>,
  limits: UnpackLimits,
): string | undefined {
  const invalid = yauzl.validateFileName(name)
  if (invalid !== null || name.includes('\0') || name.split('/').some((part) => part === '' || part === '.'))
    return 'its name leads elsewhere'
  const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE
  if (type !== 0 && type !== REGULAR_FILE) return 'it is a link, or no file'
  if (entry.isEncrypted()) return 'it is encrypted'
  if (taken.has(folded(name))) return 'a file of this name was there before'
  const { compressedSize, uncompressedSize } = entry
  if (uncompressedSize > limits.fileBytes) return 'it is too large'
  if (uncompressedSize > GRANTED_FILE_BYTES && uncompressedSize > compressedSize * limits.fileRatio)
    return 'it grows too much when it is unpacked'
  return undefined
}

/** As file systems compare that tell neither cases nor forms of letters apart. */
const folded = (name: string) => name.normalize('NFC').toLowerCase()

async function unpack(
  source: Readable,
  target: string,
  checksum: number,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  let found = 0
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      found = crc32(chunk, found)
      done(null, chunk)
    },
  })
  // Never in the place of anything.
  await pipeline(source, check, createWriteStream(target, { flags: 'wx' }), { signal })
  if (found !== checksum) throw new Error('its checksum is wrong')
}

async function roomIn(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return Math.max(0, bavail * bsize - SPARE_BYTES)
}
