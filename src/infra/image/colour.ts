import type { Metadata } from 'sharp'
import type { OriginalContentType } from '../../domain/variants.ts'
import { readHeif } from './heif.ts'
import { iccProfile, type Chromaticities, type ColourSpace, type Transfer } from './icc.ts'
import { pngChunks } from './png.ts'

const D65 = [0.3127, 0.329] as const
const SRGB: Chromaticities = { white: D65, red: [0.64, 0.33], green: [0.3, 0.6], blue: [0.15, 0.06] }

/** Code points of ITU-T H.273; every other one is taken for sRGB. */
const PRIMARIES: Readonly<Record<number, Chromaticities>> = {
  5: { white: D65, red: [0.64, 0.33], green: [0.29, 0.6], blue: [0.15, 0.06] },
  6: { white: D65, red: [0.63, 0.34], green: [0.31, 0.595], blue: [0.155, 0.07] },
  7: { white: D65, red: [0.63, 0.34], green: [0.31, 0.595], blue: [0.155, 0.07] },
  9: { white: D65, red: [0.708, 0.292], green: [0.17, 0.797], blue: [0.131, 0.046] },
  11: { white: [0.314, 0.351], red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06] },
  12: { white: D65, red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06] },
}
const TRANSFERS: Readonly<Record<number, Transfer>> = { 4: 2.2, 5: 2.8, 8: 1, 16: 'pq', 18: 'hlg' }

/** Differences that nobody sees: of an exponent as a share of it, of a chromaticity. */
const SAME_GAMMA = 0.05
const SAME_CHROMATICITY = 0.005
/** Exponents beyond these are a mistake of the writer. */
const GAMMAS = { min: 0.5, max: 5 }

/**
 * The profile that an image's colours have to be converted from. `embedded` is for libvips to convert; otherwise it is what the
 * file says in another way: as code points (`nclx` of HEIF, `cICP` of PNG), or as `gAMA` and `cHRM` of PNG, which
 * browsers obey too. Undefined for sRGB and for what says nothing.
 */
export function profileBeside(
  contentType: OriginalContentType,
  bytes: Buffer,
  { icc }: Pick<Metadata, 'icc'>,
): Buffer | undefined {
  const space = spaceBeside(contentType, bytes, icc !== undefined)
  if (!space || isSrgb(space)) return undefined
  try {
    return iccProfile(space)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function spaceBeside(
  contentType: OriginalContentType,
  bytes: Buffer,
  hasIcc: boolean,
): ColourSpace | undefined {
  switch (contentType) {
    case 'image/avif':
    case 'image/heic':
    case 'image/heif': {
      const { nclx } = readHeif(bytes)
      return hasIcc || !nclx ? undefined : codePoints(nclx.primaries, nclx.transfer)
    }
    case 'image/png':
      return spaceOfPng(bytes, hasIcc)
    default:
      return undefined
  }
}

/** By the order of the PNG standard: cICP, iCCP, sRGB, and only without these gAMA and cHRM. */
function spaceOfPng(bytes: Buffer, hasIcc: boolean): ColourSpace | undefined {
  const found = new Map<string, Buffer>()
  for (const { type, data } of pngChunks(bytes)) {
    if (type === 'IDAT') break
    if (['cICP', 'sRGB', 'gAMA', 'cHRM'].includes(type)) found.set(type, data)
  }
  const points = found.get('cICP')
  if (points && points.length >= 4) return codePoints(points[0]!, points[1]!)
  if (hasIcc || found.has('sRGB')) return undefined
  const gamma = gammaOf(found.get('gAMA'))
  const chromaticities = chromaticitiesOf(found.get('cHRM'))
  if (gamma === undefined && !chromaticities) return undefined
  return { chromaticities: chromaticities ?? SRGB, transfer: gamma ?? 'srgb' }
}

function codePoints(primaries: number, transfer: number): ColourSpace {
  return { chromaticities: PRIMARIES[primaries] ?? SRGB, transfer: TRANSFERS[transfer] ?? 'srgb' }
}

function gammaOf(chunk: Buffer | undefined): number | undefined {
  if (!chunk || chunk.length < 4) return undefined
  const gamma = 100_000 / chunk.readUInt32BE()
  return gamma >= GAMMAS.min && gamma <= GAMMAS.max ? gamma : undefined
}

function chromaticitiesOf(chunk: Buffer | undefined): Chromaticities | undefined {
  if (!chunk || chunk.length < 32) return undefined
  const pair = (i: number) =>
    [chunk.readUInt32BE(8 * i) / 100_000, chunk.readUInt32BE(8 * i + 4) / 100_000] as const
  return { white: pair(0), red: pair(1), green: pair(2), blue: pair(3) }
}

function isSrgb({ chromaticities, transfer }: ColourSpace): boolean {
  const sameCurve =
    transfer === 'srgb' || (typeof transfer === 'number' && Math.abs(transfer / 2.2 - 1) < SAME_GAMMA)
  return (
    sameCurve &&
    (Object.keys(SRGB) as (keyof Chromaticities)[]).every((name) =>
      [0, 1].every((i) => Math.abs(chromaticities[name][i]! - SRGB[name][i]!) < SAME_CHROMATICITY),
    )
  )
}
