/**
 * Reads through the compressed data of a JPEG (ITU-T T.81) without making pixels of them, to tell how much of the picture they hold.
 * Decoders do not tell: where data end early, they fill the rest with grey and at most warn, of the last rows not even that.
 *
 * Damage is taken as libjpeg takes it, so that what counts as held here is what a browser shows. Arithmetic coding and
 * lossless JPEG, which neither shows, are not read.
 */
import { MARKER, nextMarker, readFrame, readScan, type Frame } from './jpeg-frame.ts'
import { ScanWalk, type JpegShortfall } from './jpeg-scan.ts'
import { readTables, type Tables } from './jpeg-tables.ts'

/** As many as libvips decodes; a hostile file has thousands, each of which costs a walk over the picture. */
const MAX_SCANS = 100

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
