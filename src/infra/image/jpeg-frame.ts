import { noCodes, noStrides, stridesOf, type Codes, type Strides, type Tables } from './jpeg-tables.ts'

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

export interface Frame {
  isProgressive: boolean
  mcuColumns: number
  mcuRows: number
  components: Component[]
}

export interface Scan {
  frame: Frame
  parts: { component: Component; dc: Codes; ac: Codes; strides: Strides }[]
  from: number
  to: number
  isRefinement: boolean
  restartInterval: number
}
export const MARKER = {
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
/** Where the next marker begins, or -1; stuffed bytes and filling before it are passed over. */
export function nextMarker(bytes: Buffer, from: number): number {
  let at = from
  for (;;) {
    at = bytes.indexOf(0xff, at)
    if (at < 0 || at + 1 >= bytes.length) return -1
    const next = bytes[at + 1]!
    if (next !== 0 && next !== 0xff) return at
    at += next === 0 ? 2 : 1
  }
}
export function readFrame(segment: Buffer, isProgressive: boolean): Frame | undefined {
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
export function readScan(
  segment: Buffer,
  frame: Frame,
  tables: Tables,
): Omit<Scan, 'restartInterval'> | undefined {
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
