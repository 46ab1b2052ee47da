import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { VARIANT_FORMATS, VARIANT_NAMES, VARIANT_SPECS, variantSpecsOf } from '../src/domain/variants.ts'
import type { VariantFormat } from '../src/domain/variants.ts'
import { renderVariants, type RenderedVariant } from '../src/infra/image/render.ts'
import { sharp } from '../src/infra/image/sharp.ts'
import { originalKey } from '../src/services/blobs/blob-keys.ts'
import { variantKey } from '../src/services/photos/object-keys.ts'
import { startCpuMeter } from './machine.ts'
import { photoJpeg } from './photo.ts'
import { ssim } from './ssim.ts'

/*
 * Makes docs/images/variants.webp and prints the tables of docs/media.md, Variants: `node bench/variant-sheet.ts`. It compares
 * nothing, so it is none of the benchmarks.
 */

const PHOTO_ID = '01a20a5e-3c1f-7d42-9b8e-5f6a7c8d9e0f'
const FORMATS = Object.keys(VARIANT_FORMATS) as VariantFormat[]
const MEGAPIXELS = [
  [1, 1155, 866],
  [12, 4000, 3000],
  [24, 6000, 4000],
  [48, 8000, 6000],
] as const
/** The sheet shows the same detail of every variant at one scale. */
const TILE = 190
const DETAIL = 0.28
const LABEL = 22

const print = (line = ''): void => void process.stdout.write(`${line}\n`)
const thousands = (number: number): string => Math.round(number).toLocaleString('en')

async function rendered(photo: Buffer, specs = VARIANT_SPECS): Promise<RenderedVariant[]> {
  return (await renderVariants(photo, { specs })).map((result) => {
    if (!result.ok) throw result.error
    return result
  })
}

async function printStored(photo: Buffer, variants: readonly RenderedVariant[]): Promise<void> {
  const { width, height } = await sharp(photo).metadata()
  print('| object | pixels | bytes |')
  print('| --- | --- | --- |')
  print(`| \`${originalKey(PHOTO_ID)}\` | ${width} × ${height} | ${thousands(photo.length)} |`)
  for (const each of variants) {
    const key = variantKey(PHOTO_ID, 1, each.variant, each.format)
    print(`| \`${key}\` | ${each.width} × ${each.height} | ${thousands(each.bytes)} |`)
  }
  const sum = variants.reduce((bytes, each) => bytes + each.bytes, 0)
  print(
    `| all variants | | ${thousands(sum)} (${Math.round((100 * sum) / photo.length)} % of the original) |`,
  )
  print()
}

/** Each variant beside the others: similarity to the same pixels not compressed. */
async function printQuality(photo: Buffer, variants: readonly RenderedVariant[]): Promise<void> {
  const { data, info } = await sharp(photo).raw().toBuffer({ resolveWithObject: true })
  const raw = { width: info.width, height: info.height, channels: info.channels }
  print(`| size | ${FORMATS.map((format) => `${format}: bytes, SSIM`).join(' | ')} |`)
  print(`| --- | ${FORMATS.map(() => '---').join(' | ')} |`)
  for (const size of VARIANT_NAMES) {
    const cells: string[] = []
    for (const format of FORMATS) {
      const each = variants.find((one) => one.variant === size && one.format === format)!
      const truth = sharp(data, { raw }).resize({ width: each.width, height: each.height, fit: 'fill' })
      const similarity = await ssim(each.data, await truth.png({ compressionLevel: 1 }).toBuffer())
      cells.push(`${thousands(each.bytes)}, ${similarity.toFixed(3)}`)
    }
    print(`| \`${size}\` | ${cells.join(' | ')} |`)
  }
  print()
}

/** Processor time of both steps, by the size of the original. */
async function printCosts(): Promise<void> {
  print('| original | JPEG and WebP | AVIF | bytes of variants |')
  print('| --- | --- | --- | --- |')
  for (const [megapixels, width, height] of MEGAPIXELS) {
    const photo = await photoJpeg(width, height)
    const specs = variantSpecsOf({ width, height })
    const costs: string[] = []
    let bytes = 0
    for (const deferred of [false, true]) {
      const due = specs.filter(({ format }) => VARIANT_FORMATS[format].isDeferred === deferred)
      await rendered(photo, due)
      const meter = startCpuMeter()
      const made = await rendered(photo, due)
      costs.push(`${thousands(meter() * 1000)} ms`)
      bytes += made.reduce((sum, each) => sum + each.bytes, 0)
    }
    print(
      `| ${megapixels} MP, ${thousands(photo.length)} bytes | ${costs.join(' | ')} | ${thousands(bytes)} |`,
    )
  }
  print()
}

/** One column a size, one row a format. */
async function drawSheet(variants: readonly RenderedVariant[], path: string): Promise<void> {
  const tiles = await Promise.all(
    variants.map(async ({ variant, format, data, width, height }) => {
      const side = Math.max(1, Math.round(DETAIL * Math.min(width, height)))
      const area = {
        left: Math.round(width * 0.36),
        top: Math.round(height * 0.3),
        width: side,
        height: side,
      }
      const detail = sharp(data).extract(area).resize(TILE, TILE, { kernel: 'nearest' })
      return {
        input: await detail.png().toBuffer(),
        left: 4 + VARIANT_NAMES.indexOf(variant) * (TILE + 4),
        top: 4 + FORMATS.indexOf(format) * (TILE + LABEL),
      }
    }),
  )
  await sharp({
    create: {
      width: 4 + VARIANT_NAMES.length * (TILE + 4),
      height: 4 + FORMATS.length * (TILE + LABEL) - LABEL + 4,
      channels: 3,
      background: '#ffffff',
    },
  })
    .composite(tiles)
    .webp({ quality: 82 })
    .toFile(path)
}

const photo = await photoJpeg(4000, 3000)
const variants = await rendered(photo)
await printStored(photo, variants)
await printQuality(photo, variants)
const folder = join(import.meta.dirname, '..', 'docs', 'images')
await mkdir(folder, { recursive: true })
await drawSheet(variants, join(folder, 'variants.webp'))
await printCosts()
