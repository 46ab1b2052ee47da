/** Tags that say where the pixels are: of strips, or of tiles. */
const OFFSETS = [273, 324]
const BYTE_COUNTS = [279, 325]
const TYPE_BYTES: Readonly<Record<number, number>> = { 3: 2, 4: 4, 16: 8 }

/**
 * What a TIFF lacks of its first picture, or undefined: the directory and every strip or tile that it names have to lie within
 * the file. TIFF has no end marker. Further pages are not looked at, as they are never shown.
 */
export function missingOfTiff(bytes: Buffer): string | undefined {
  try {
    const { offsets, counts } = readDirectory(bytes)
    const isShort = offsets.some((offset, i) => offset + (counts[i] ?? 0) > bytes.length)
    return isShort ? 'pixels lie behind the end' : undefined
  } catch (error) {
    if (error instanceof RangeError) return 'the directory lies behind the end'
    throw error
  }
}

function readDirectory(bytes: Buffer): { offsets: number[]; counts: number[] } {
  const isLittle = bytes[0] === 0x49
  const isBig = (isLittle ? bytes[2] : bytes[3]) === 43
  const read = (at: number, size: number): number => {
    if (size === 8) return Number(isLittle ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at))
    return isLittle ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size)
  }
  const word = isBig ? 8 : 4
  const directory = read(isBig ? 8 : 4, word)
  const entryAt = directory + (isBig ? 8 : 2)
  const entryBytes = isBig ? 20 : 12
  const entries = read(directory, isBig ? 8 : 2)
  const found = { offsets: [] as number[], counts: [] as number[] }
  // A directory has at most as many entries as tags have numbers.
  for (let i = 0; i < Math.min(entries, 65_536); i++) {
    const at = entryAt + i * entryBytes
    const tag = read(at, 2)
    const list = OFFSETS.includes(tag) ? 'offsets' : BYTE_COUNTS.includes(tag) ? 'counts' : undefined
    const size = TYPE_BYTES[read(at + 2, 2)]
    if (!list || !size) continue
    const count = read(at + 4, word)
    const valuesAt = count * size <= word ? at + 4 + word : read(at + 4 + word, word)
    if (valuesAt + count * size > bytes.length) throw new RangeError('values behind the end')
    for (let value = 0; value < count; value++) found[list].push(read(valuesAt + value * size, size))
  }
  return found
}
