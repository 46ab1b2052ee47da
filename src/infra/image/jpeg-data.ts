/**
 * Reads through the compressed data of a JPEG (ITU-T T.81) without making pixels of them, to tell how much of the picture they hold.
 * Decoders do not tell: where data end early, they fill the rest with grey and at most warn, of the last rows not even that.
 *
 * Damage is taken as libjpeg takes it, so that what counts as held here is what a browser shows. Arithmetic coding and
 * lossless JPEG, which neither shows, are not read.
 */

export interface JpegShortfall {
  /** Blocks of the picture that no data describe, as a share of all; of several scans, in the worst. */
  share: number
  /** Whether they are the last ones, as of a file that was cut. Otherwise restart markers are out of order. */
  isTail: boolean
}

interface Component {
  id: number
  horizontal: number
  vertical: number
  /** In blocks of 8 × 8, padded to whole MCUs. */
  stride: number
  /** In blocks, as scans of this component alone count them. */
  columns: number
  rows: number
  /** Progressive only: which of a block's 64 coefficients are known not to be zero, two words a block. */
  nonzero: Uint32Array
}

interface Frame {
  isProgressive: boolean
  mcuColumns: number
  mcuRows: number
  components: Component[]
}

interface Scan {
  frame: Frame
  parts: { component: Component; dc: Codes; ac: Codes; strides: Strides }[]
  from: number
  to: number
  isRefinement: boolean
  restartInterval: number
}

/** As many as libvips decodes; a hostile file has thousands, each of which costs a walk over the picture. */
const MAX_SCANS = 100
/** A block has at most 64 codes of 16 bits with 16 bits behind each; so much may be read behind the end before it is noticed. */
const SLACK_BYTES = 300
const BAD_CODE_BITS = 17

const MARKER = {
  sof0: 0xc0,
  sof1: 0xc1,
  sof2: 0xc2,
  dht: 0xc4,
  rst0: 0xd0,
  rst7: 0xd7,
  eoi: 0xd9,
  sos: 0xda,
  dri: 0xdd,
}

/** Undefined if the file's structure says too little to read its data by. Never throws; linear in the number of bytes and of blocks. */
export function findShortfall(bytes: Buffer): JpegShortfall | undefined {
  const tables: Tables = { dc: [], ac: [], strides: new Map() }
  let frame: Frame | undefined
  let restartInterval = 0
  let worst: JpegShortfall | undefined
  let scans = 0
  let at = 2
  for (;;) {
    at = nextMarker(bytes, at)
    if (at < 0) return worst
    const marker = bytes[at + 1]!
    if (marker === MARKER.eoi) return worst
    if (marker < 0xc0 || (marker >= MARKER.rst0 && marker < MARKER.eoi)) {
      at += 2
      continue
    }
    if (at + 4 > bytes.length) return worst
    const end = at + 2 + bytes.readUInt16BE(at + 2)
    const segment = bytes.subarray(at + 4, end)
    if (marker === MARKER.dht) readTables(segment, tables)
    else if (marker === MARKER.dri && segment.length >= 2) restartInterval = segment.readUInt16BE()
    else if (marker >= MARKER.sof0 && marker <= MARKER.sof2)
      frame = readFrame(segment, marker === MARKER.sof2)
    else if (marker === MARKER.sos) {
      const scan = frame && readScan(segment, frame, tables)
      if (!scan || ++scans > MAX_SCANS) return worst
      const walk = new ScanWalk(bytes, end, { ...scan, restartInterval })
      const shortfall = walk.run()
      if (!worst || shortfall.share > worst.share) worst = shortfall
      at = walk.position
      // Decoders show a sequential picture as soon as they have all of its components.
      if (!frame!.isProgressive && scan.parts.length === frame!.components.length) return worst
      continue
    }
    at = end
  }
}

/** Where the next marker begins, or -1; stuffed bytes and filling before it are passed over. */
function nextMarker(bytes: Buffer, from: number): number {
  let at = from
  for (;;) {
    at = bytes.indexOf(0xff, at)
    if (at < 0 || at + 1 >= bytes.length) return -1
    const next = bytes[at + 1]!
    if (next !== 0 && next !== 0xff) return at
    at += next === 0 ? 2 : 1
  }
}

function readFrame(segment: Buffer, isProgressive: boolean): Frame | undefined {
  if (segment.length < 6 || segment.length < 6 + 3 * segment[5]!) return undefined
  const height = segment.readUInt16BE(1)
  const width = segment.readUInt16BE(3)
  const raw = Array.from({ length: segment[5]! }, (_, i) => {
    const [id, sampling] = [segment[6 + 3 * i]!, segment[7 + 3 * i]!]
    return { id, horizontal: sampling >> 4, vertical: sampling & 15 }
  })
  const horizontal = Math.max(...raw.map((each) => each.horizontal))
  const vertical = Math.max(...raw.map((each) => each.vertical))
  const isSound = raw.every(
    (each) => each.horizontal > 0 && each.vertical > 0 && each.horizontal <= 4 && each.vertical <= 4,
  )
  if (width === 0 || height === 0 || raw.length === 0 || raw.length > 4 || !isSound) return undefined
  const mcuColumns = Math.ceil(width / (8 * horizontal))
  const mcuRows = Math.ceil(height / (8 * vertical))
  const components = raw.map((each) => {
    const stride = mcuColumns * each.horizontal
    const blocks = isProgressive ? stride * mcuRows * each.vertical : 0
    return {
      ...each,
      stride,
      columns: Math.ceil(Math.ceil((width * each.horizontal) / horizontal) / 8),
      rows: Math.ceil(Math.ceil((height * each.vertical) / vertical) / 8),
      nonzero: new Uint32Array(2 * blocks),
    }
  })
  return { isProgressive, mcuColumns, mcuRows, components }
}

/** By the next 16 bits: a code's length in the low five bits, its symbol above. */
type Codes = Uint16Array

const CODES = 65_536
/** Every code is a bad one. */
const noCodes: Codes = new Uint16Array(CODES).fill(BAD_CODE_BITS)

interface Tables {
  dc: Codes[]
  ac: Codes[]
  /** Of tables that a sequential scan uses. */
  strides: Map<Codes, Strides>
}

function readTables(segment: Buffer, tables: Tables): void {
  let at = 0
  while (at + 17 <= segment.length) {
    const [kind, slot] = [segment[at]! >> 4, segment[at]! & 15]
    const table = noCodes.slice()
    let code = 0
    let symbolAt = at + 17
    for (let length = 1; length <= 16; length++) {
      const count = segment[at + length]!
      for (let i = 0; i < count; i++) {
        const first = code << (16 - length)
        table.fill(length | ((segment[symbolAt++] ?? 0) << 5), first, first + (1 << (16 - length)))
        code += 1
      }
      code <<= 1
    }
    ;(kind === 0 ? tables.dc : tables.ac)[slot] = table
    at = symbolAt
  }
}

function readScan(segment: Buffer, frame: Frame, tables: Tables): Omit<Scan, 'restartInterval'> | undefined {
  const count = segment[0] ?? 0
  if (count < 1 || count > 4 || segment.length < 1 + 2 * count + 3) return undefined
  const [from, to, approximation] = segment.subarray(1 + 2 * count) as unknown as [number, number, number]
  const parts: Scan['parts'] = []
  for (let i = 0; i < count; i++) {
    const component = frame.components.find(({ id }) => id === segment[1 + 2 * i])
    const slots = segment[2 + 2 * i]!
    const dc = tables.dc[slots >> 4]
    const ac = tables.ac[slots & 15]
    if (!component) return undefined
    if (frame.isProgressive ? from > 0 && !ac : !dc || !ac) return undefined
    const strides = frame.isProgressive || !ac ? noStrides : (tables.strides.get(ac) ?? stridesOf(ac))
    if (ac && strides !== noStrides) tables.strides.set(ac, strides)
    parts.push({ component, dc: dc ?? noCodes, ac: ac ?? noCodes, strides })
  }
  // Sequential scans always hold all coefficients, whatever their parameters say; decoders ignore these too.
  if (!frame.isProgressive) return { frame, parts, from: 0, to: 63, isRefinement: false }
  if (to > 63 || from > to || (from > 0 && count > 1)) return undefined
  return { frame, parts, from, to, isRefinement: approximation >> 4 > 0 }
}

/**
 * Several codes at once, by the next 12 bits, so that the hot loop takes fewer steps and its table fits the processor's nearest
 * cache: how many bits they and the values behind them take (low five bits), by how many coefficients they advance (seven bits),
 * and whether they end the block. 0 if not even one fits.
 */
type Strides = Uint16Array

const STRIDE_BITS = 12
const END_OF_BLOCK = 1 << 12

const noStrides: Strides = new Uint16Array(1 << STRIDE_BITS)

function stridesOf(ac: Codes): Strides {
  const strides = new Uint16Array(1 << STRIDE_BITS)
  for (let bits = 0; bits < strides.length; bits++) {
    let [taken, advance, ends] = [0, 0, false]
    while (!ends) {
      const entry = ac[(bits << (16 - STRIDE_BITS + taken)) & 0xffff]!
      const size = (entry >> 5) & 15
      const zeros = entry >> 9
      if (taken + (entry & 31) + size > STRIDE_BITS || advance + zeros + 1 > 63) break
      taken += (entry & 31) + size
      ends = size === 0 && zeros !== 15
      if (!ends) advance += zeros + 1
    }
    strides[bits] = taken | (advance << 5) | (ends ? END_OF_BLOCK : 0)
  }
  return strides
}

/** One scan, MCU by MCU. */
class ScanWalk {
  /** Where the file goes on. */
  position: number
  readonly #bytes: Buffer
  readonly #scan: Scan
  /** The present restart interval without its stuffing, followed by zeros. */
  #data: Uint8Array
  /** In bits. */
  #at = 0
  #end = 0
  /** Blocks that are still covered by an end-of-band run. */
  #run = 0

  constructor(bytes: Buffer, start: number, scan: Scan) {
    this.#bytes = bytes
    this.#scan = scan
    this.position = start
    this.#data = new Uint8Array(0)
  }

  run(): JpegShortfall {
    const { parts, frame, restartInterval } = this.#scan
    const alone = parts.length === 1 ? parts[0]!.component : undefined
    const columns = alone ? alone.columns : frame.mcuColumns
    const total = columns * (alone ? alone.rows : frame.mcuRows)
    const interval = restartInterval || total
    let held = 0
    let lastHeld = 0
    let isPending = false
    let expected = 0
    for (let first = 0; first < total; first += interval) {
      if (first > 0) {
        const restart = this.#restart(expected)
        if (restart === 'end') break
        isPending = restart === 'pending'
        expected = (expected + 1) & 7
      }
      // The marker that comes next belongs to a later interval: of this one there are no data.
      if (isPending) continue
      this.#load()
      const count = this.#walk(first, Math.min(interval, total - first), columns)
      held += count
      lastHeld = first + count
    }
    return { share: (total - held) / total, isTail: lastHeld < total }
  }

  /**
   * Finds the marker before the next interval, as libjpeg's `jpeg_resync_to_restart` does: a wrong number that is
   * one or two ahead stands for lost data, one or two behind for data that came twice, any other for a wrong number.
   */
  #restart(expected: number): 'found' | 'pending' | 'end' {
    for (;;) {
      this.position = nextMarker(this.#bytes, this.position)
      if (this.position < 0) {
        this.position = this.#bytes.length
        return 'end'
      }
      const marker = this.#bytes[this.position + 1]!
      if (marker >= MARKER.rst0 && marker <= MARKER.rst7) {
        const ahead = (marker - MARKER.rst0 - expected) & 7
        if (ahead === 1 || ahead === 2) return 'pending'
        this.position += 2
        if (ahead !== 6 && ahead !== 7) return 'found'
      } else if (marker >= 0xc0) {
        return 'end'
      } else {
        this.position += 2
      }
    }
  }

  /** Takes the data up to the next marker. */
  #load(): void {
    const bytes = this.#bytes
    const end = nextMarker(bytes, this.position)
    const limit = end < 0 ? bytes.length : end
    const size = limit - this.position + SLACK_BYTES
    if (this.#data.length < size) this.#data = new Uint8Array(size)
    const data = this.#data
    let to = 0
    for (let at = this.position; at < limit; at++) {
      const byte = bytes[at]!
      data[to++] = byte
      if (byte !== 0xff) continue
      while (at + 1 < limit && bytes[at + 1] === 0xff) at += 1
      at += 1
    }
    data.fill(0, to, to + SLACK_BYTES)
    this.#at = 0
    this.#end = 8 * to
    this.#run = 0
    this.position = limit
  }

  /** How many of these MCUs the data hold. */
  #walk(first: number, count: number, columns: number): number {
    const { frame, parts, from, isRefinement } = this.#scan
    const isAlone = parts.length === 1
    for (let i = 0; i < count; i++) {
      const row = Math.floor((first + i) / columns)
      const column = first + i - row * columns
      for (const { component, dc, ac, strides } of parts) {
        const { horizontal, vertical, stride, nonzero } = component
        const across = isAlone ? 1 : horizontal
        const down = isAlone ? 1 : vertical
        for (let y = 0; y < down; y++) {
          for (let x = 0; x < across; x++) {
            if (!frame.isProgressive) this.#sequentialBlock(dc, ac, strides)
            else {
              const block = 2 * ((row * down + y) * stride + column * across + x)
              if (from === 0) this.#dcBlock(dc, isRefinement)
              else if (isRefinement) this.#refinedBlock(ac, nonzero, block)
              else this.#acBlock(ac, nonzero, block)
            }
          }
        }
      }
      if (this.#at > this.#end) return i
    }
    return count
  }

  #peek16(): number {
    const data = this.#data
    const byte = this.#at >> 3
    return (((data[byte]! << 16) | (data[byte + 1]! << 8) | data[byte + 2]!) >> (8 - (this.#at & 7))) & 0xffff
  }

  #bits(count: number): number {
    const value = this.#peek16() >> (16 - count)
    this.#at += count
    return value
  }

  /** The hot loop: a photo of 12 megapixels has some 6 million codes. */
  #sequentialBlock(dc: Codes, ac: Codes, strides: Strides): void {
    const data = this.#data
    let at = this.#at
    const first = dc[this.#peek16()]!
    at += (first & 31) + (first >> 5)
    let k = 1
    while (k < 64) {
      const byte = at >> 3
      const next = ((data[byte]! << 16) | (data[byte + 1]! << 8) | data[byte + 2]!) >> (8 - (at & 7))
      const stride = strides[(next >> (16 - STRIDE_BITS)) & ((1 << STRIDE_BITS) - 1)]!
      const advance = (stride >> 5) & 127
      // Codes behind the block's last coefficient are of the next block, so the end is met code by code.
      if (stride !== 0 && k + advance < 64) {
        at += stride & 31
        k += advance
        if (stride & END_OF_BLOCK) break
        continue
      }
      const entry = ac[next & 0xffff]!
      const size = (entry >> 5) & 15
      const zeros = entry >> 9
      at += (entry & 31) + size
      if (size === 0 && zeros !== 15) break
      k += zeros + 1
    }
    this.#at = at
  }

  #dcBlock(dc: Codes, isRefinement: boolean): void {
    if (isRefinement) {
      this.#at += 1
      return
    }
    const entry = dc[this.#peek16()]!
    this.#at += (entry & 31) + (entry >> 5)
  }

  #acBlock(ac: Codes, nonzero: Uint32Array, block: number): void {
    if (this.#run > 0) {
      this.#run -= 1
      return
    }
    const { from, to } = this.#scan
    for (let k = from; k <= to; k++) {
      const entry = ac[this.#peek16()]!
      this.#at += entry & 31
      const size = (entry >> 5) & 15
      const zeros = entry >> 9
      if (size > 0) {
        k += zeros
        this.#at += size
        if (k < 64) nonzero[block + (k >> 5)]! |= 1 << (k & 31)
      } else if (zeros === 15) {
        k += 15
      } else {
        this.#run = (1 << zeros) - 1 + (zeros > 0 ? this.#bits(zeros) : 0)
        return
      }
    }
  }

  /** One more bit of each coefficient that is not zero, and coefficients that become so. */
  #refinedBlock(ac: Codes, nonzero: Uint32Array, block: number): void {
    const { from, to } = this.#scan
    const isNonzero = (k: number) => (nonzero[block + (k >> 5)]! >>> (k & 31)) & 1
    let k = from
    if (this.#run === 0) {
      for (; k <= to; k++) {
        const entry = ac[this.#peek16()]!
        this.#at += entry & 31
        const isNew = ((entry >> 5) & 15) > 0
        let zeros = entry >> 9
        if (isNew) this.#at += 1
        else if (zeros !== 15) {
          this.#run = (1 << zeros) + (zeros > 0 ? this.#bits(zeros) : 0)
          break
        }
        for (; k <= to; k++) {
          if (isNonzero(k)) this.#at += 1
          else if (--zeros < 0) break
        }
        if (isNew && k < 64) nonzero[block + (k >> 5)]! |= 1 << (k & 31)
      }
    }
    if (this.#run > 0) {
      for (; k <= to; k++) this.#at += isNonzero(k)
      this.#run -= 1
    }
  }
}
