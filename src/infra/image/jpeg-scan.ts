import { MARKER, nextMarker, type Scan } from './jpeg-frame.ts'
import { END_OF_BLOCK, STRIDE_BITS, type Codes, type Strides } from './jpeg-tables.ts'

export interface JpegShortfall {
  /** Blocks of the picture that no data describe, as a share of all; of several scans, in the worst. */
  share: number
  /** Whether they are the last ones, as of a file that was cut. Otherwise restart markers are out of order. */
  isTail: boolean
}
/** A block has at most 64 codes of 16 bits with 16 bits behind each; so much may be read behind the end before it is noticed. */
const SLACK_BYTES = 300

/** One scan, MCU by MCU. */
export class ScanWalk {
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
