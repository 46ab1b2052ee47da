/*
 * The records of a ZIP archive whose entries are stored as they are (APPNOTE.TXT 6.3.10, PKWARE). Sizes and checksums are known
 * before an entry is written, so that no data descriptors follow, and an archive can be read from its beginning too.
 */

const LOCAL_SIGNATURE = 0x0403_4b50
const CENTRAL_SIGNATURE = 0x0201_4b50
const END_SIGNATURE = 0x0605_4b50
const END_64_SIGNATURE = 0x0606_4b50
const END_64_LOCATOR_SIGNATURE = 0x0706_4b50

/** 2.0 knows folders; 4.5 knows sizes and offsets of 64 bits. */
const VERSION = 20
const VERSION_64 = 45
/** Unix, whose modes readers then apply. */
const MADE_BY_UNIX = 3 << 8
/** A regular file, -rw-r--r--. */
const FILE_MODE = 0o100644
/** Names are UTF-8. */
const UTF8_FLAG = 1 << 11
const STORED = 0
const EXTRA_64 = 0x0001

const MAX_16 = 0xffff
const MAX_32 = 0xffff_ffff

export interface ZipEntry {
  /** Relative, with slashes. */
  name: string
  bytes: number
  crc32: number
  /** Of {@link dosTime}. */
  modified: number
}

/** An entry, and where its local header is. */
export interface PlacedEntry extends ZipEntry {
  at: number
}

/** What stands before the bytes of an entry. */
export function localHeader(entry: ZipEntry): Buffer {
  const name = Buffer.from(entry.name)
  const isLarge = entry.bytes >= MAX_32
  // In a local header, both sizes are there or neither.
  const extra = isLarge ? extra64([entry.bytes, entry.bytes]) : Buffer.alloc(0)
  const fixed = Buffer.alloc(30)
  fixed.writeUInt32LE(LOCAL_SIGNATURE, 0)
  fixed.writeUInt16LE(isLarge ? VERSION_64 : VERSION, 4)
  writeCommon(fixed, 6, entry, name.length, extra.length)
  return Buffer.concat([fixed, name, extra])
}

/** The line of an entry in the directory at the end. */
export function directoryHeader(entry: PlacedEntry): Buffer {
  const name = Buffer.from(entry.name)
  const isLarge = entry.bytes >= MAX_32
  const isFar = entry.at >= MAX_32
  const extra = extra64([...(isLarge ? [entry.bytes, entry.bytes] : []), ...(isFar ? [entry.at] : [])])
  const version = isLarge || isFar ? VERSION_64 : VERSION
  const fixed = Buffer.alloc(46)
  fixed.writeUInt32LE(CENTRAL_SIGNATURE, 0)
  fixed.writeUInt16LE(MADE_BY_UNIX | version, 4)
  fixed.writeUInt16LE(version, 6)
  writeCommon(fixed, 8, entry, name.length, extra.length)
  fixed.writeUInt32LE((FILE_MODE << 16) >>> 0, 38)
  fixed.writeUInt32LE(Math.min(entry.at, MAX_32), 42)
  return Buffer.concat([fixed, name, extra])
}

/** What ends the archive. @param at where the directory begins @param bytes how long it is */
export function endRecords({ entries, at, bytes }: { entries: number; at: number; bytes: number }): Buffer {
  const end = Buffer.alloc(22)
  end.writeUInt32LE(END_SIGNATURE, 0)
  end.writeUInt16LE(Math.min(entries, MAX_16), 8)
  end.writeUInt16LE(Math.min(entries, MAX_16), 10)
  end.writeUInt32LE(Math.min(bytes, MAX_32), 12)
  end.writeUInt32LE(Math.min(at, MAX_32), 16)
  if (entries < MAX_16 && bytes < MAX_32 && at < MAX_32) return end

  const end64 = Buffer.alloc(56)
  end64.writeUInt32LE(END_64_SIGNATURE, 0)
  end64.writeBigUInt64LE(BigInt(end64.length - 12), 4)
  end64.writeUInt16LE(MADE_BY_UNIX | VERSION_64, 12)
  end64.writeUInt16LE(VERSION_64, 14)
  end64.writeBigUInt64LE(BigInt(entries), 24)
  end64.writeBigUInt64LE(BigInt(entries), 32)
  end64.writeBigUInt64LE(BigInt(bytes), 40)
  end64.writeBigUInt64LE(BigInt(at), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(END_64_LOCATOR_SIGNATURE, 0)
  locator.writeBigUInt64LE(BigInt(at + bytes), 8)
  locator.writeUInt32LE(1, 16)
  return Buffer.concat([end64, locator, end])
}

/** The fields that both headers have, in the same order. */
function writeCommon(
  header: Buffer,
  at: number,
  { bytes, crc32, modified }: ZipEntry,
  nameBytes: number,
  extraBytes: number,
): void {
  const size = Math.min(bytes, MAX_32)
  header.writeUInt16LE(UTF8_FLAG, at)
  header.writeUInt16LE(STORED, at + 2)
  header.writeUInt32LE(modified, at + 4)
  header.writeUInt32LE(crc32, at + 8)
  header.writeUInt32LE(size, at + 12)
  header.writeUInt32LE(size, at + 16)
  header.writeUInt16LE(nameBytes, at + 20)
  header.writeUInt16LE(extraBytes, at + 22)
}

/** The values of 64 bits, in the order of the fields that they stand in for. */
function extra64(values: readonly number[]): Buffer {
  if (values.length === 0) return Buffer.alloc(0)
  const extra = Buffer.alloc(4 + 8 * values.length)
  extra.writeUInt16LE(EXTRA_64, 0)
  extra.writeUInt16LE(8 * values.length, 2)
  values.forEach((value, index) => extra.writeBigUInt64LE(BigInt(value), 4 + 8 * index))
  return extra
}

const FIRST_DOS_YEAR = 1980
const LAST_DOS_YEAR = 2107

/** A local time `2024-05-01T12:34:56` as MS-DOS counts it, in two seconds from 1980 on; others become the nearest that it knows. */
export function dosTime(local: string): number {
  const [year, month, day, hours, minutes, seconds] = local.split(/\D/).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  if (year < FIRST_DOS_YEAR) return dosTime(`${FIRST_DOS_YEAR}-01-01T00:00:00`)
  if (year > LAST_DOS_YEAR) return dosTime(`${LAST_DOS_YEAR}-12-31T23:59:58`)
  const date = ((year - FIRST_DOS_YEAR) << 9) | (month << 5) | day
  const time = (hours << 11) | (minutes << 5) | (seconds >> 1)
  return ((date << 16) | time) >>> 0
}
