import { crc32 } from 'node:zlib'
import { pixelsOfPng, pngChunk } from './images.ts'

export interface MadeFrame {
  /** A PNG of the frame's own size, coded as the first one is. */
  png: Buffer
  left?: number
  top?: number
  /** Numerator and denominator, of seconds. */
  delay?: readonly [number, number]
  /** 0 none, 1 background, 2 previous. */
  disposal?: number
  /** 0 source, 1 over. */
  blend?: number
}

export type MadeChunk = readonly [type: string, data: Buffer]

interface MadeApng {
  frames: readonly MadeFrame[]
  /** Shown by readers of still pictures, in place of the first frame. */
  still?: Buffer
  plays?: number
  /** Changes the chunks before they are numbered and written. */
  change?: (chunks: MadeChunk[]) => MadeChunk[]
}

/** An animated PNG, written by the letter of the format. */
export function madeApng({ frames, still, plays = 0, change = (chunks) => chunks }: MadeApng): Buffer {
  const first = still ?? frames[0]!.png
  let number = 0
  const numbered = (rest: Buffer) => Buffer.concat([u32(number++), rest])
  const animated = frames.flatMap((frame, at): MadeChunk[] => {
    const control: MadeChunk = ['fcTL', numbered(controlOf(frame))]
    const pixels = pixelsOfPng(frame.png)
    if (at === 0 && !still) return [control, ['IDAT', pixels]]
    // In two parts, as an encoder may.
    const half = pixels.length >> 1
    const parts = [pixels.subarray(0, half), pixels.subarray(half)]
    return [control, ...parts.map((part): MadeChunk => ['fdAT', numbered(part)])]
  })
  const chunks: MadeChunk[] = [
    ...chunksBeforePixels(first),
    ['acTL', Buffer.concat([u32(frames.length), u32(plays)])],
    ...(still ? [['IDAT', pixelsOfPng(still)] as const] : []),
    ...animated,
    ['IEND', Buffer.alloc(0)],
  ]
  return writtenPng(change(chunks))
}

const writtenPng = (chunks: readonly MadeChunk[]): Buffer =>
  Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    ...chunks.map(([type, data]) => pngChunk(type, data)),
  ])

/** The same PNG, as far as its chunks are whole, with the checksum of each as it should be. */
export function withRightChecksums(png: Buffer): Buffer {
  const bytes = Buffer.from(png)
  for (let at = 8; at + 12 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const end = at + 8 + bytes.readUInt32BE(at)
    if (end + 4 > bytes.length) break
    bytes.writeUInt32BE(crc32(bytes.subarray(at + 4, end)), end)
  }
  return bytes
}

function controlOf({ png, left = 0, top = 0, delay = [1, 10], disposal = 0, blend = 0 }: MadeFrame): Buffer {
  const times = Buffer.alloc(4)
  times.writeUInt16BE(delay[0], 0)
  times.writeUInt16BE(delay[1], 2)
  return Buffer.concat([png.subarray(16, 24), u32(left), u32(top), times, Buffer.of(disposal, blend)])
}

function chunksBeforePixels(png: Buffer): MadeChunk[] {
  const chunks: MadeChunk[] = []
  for (let at = 8; png.toString('latin1', at + 4, at + 8) !== 'IDAT'; at += 12 + png.readUInt32BE(at)) {
    chunks.push([png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + png.readUInt32BE(at))])
  }
  return chunks
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
