import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sharp } from 'sharp'
import { MAX_HASH_DISTANCE } from '../src/domain/likeness.ts'
import { inspectOriginal } from '../src/infra/image/inspect.ts'
import { hashDistance } from '../src/infra/image/perceptual-hash.ts'
import { sharp } from '../src/infra/image/sharp.ts'
import { photoJpeg } from './photo.ts'

/*
 * Prints the table of docs/media.md, Duplicates: how often a changed copy is recognised, and how often different pictures are taken for
 * copies. `node bench/duplicates-recognised.ts [folder of photographs]`: without one it takes generated pictures alone. Photographs are
 * cut into quarters as well, which are pictures of their own. It compares nothing, so it is none of the benchmarks.
 */

const GENERATED = 60
const LIMITS = { maxBytes: 200 * 2 ** 20, maxPixels: 50_000_000 }
const SMALLEST_SIDE = 200

interface Picture {
  /** Parts of one photograph are not compared with each other. */
  photo: string
  data: Buffer
  width: number
  height: number
}

type Change = (picture: Picture) => Sharp
const jpeg =
  (quality: number): Change =>
  (picture) =>
    open(picture).jpeg({ quality })

const CHANGES: [name: string, change: Change][] = [
  [
    'half the size',
    (picture) =>
      open(picture)
        .resize(Math.round(picture.width / 2))
        .jpeg({ quality: 90 }),
  ],
  ['200 pixels, WebP 50', (picture) => open(picture).resize(200).webp({ quality: 50 })],
  ...[90, 70, 50, 30].map((quality): [string, Change] => [`JPEG ${quality}`, jpeg(quality)]),
  ['PNG', (picture) => open(picture).png()],
  ...[2, 5, 10].map((percent): [string, Change] => [`cropped by ${percent} %`, cropped(percent / 100)]),
  ['lighter by 25 %', (picture) => open(picture).modulate({ brightness: 1.25 }).jpeg({ quality: 90 })],
  ['darker by 20 %', (picture) => open(picture).modulate({ brightness: 0.8 }).jpeg({ quality: 90 })],
  ['greyscale', (picture) => open(picture).greyscale().jpeg({ quality: 90 })],
  ['turned by 1°, cut to fit', turned],
  ['turned by 90°', (picture) => open(picture).rotate(90).jpeg({ quality: 90 })],
  ['mirrored', (picture) => open(picture).flop().jpeg({ quality: 90 })],
]
const WITHIN = [6, MAX_HASH_DISTANCE, 10].toSorted((a, b) => a - b)

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const percentOf = (part: number, whole: number): string => `${Math.round((100 * part) / whole)} %`

const found = await pictures(process.argv[2])
const hashed: { picture: Picture; hash: bigint }[] = []
for (const picture of found) {
  const hash = await hashOf(jpeg(92)(picture))
  if (hash !== undefined) hashed.push({ picture, hash })
}
print(`${found.length} pictures, ${found.length - hashed.length} of them without features`)
print(`| change | median, 9 of 10 | ${WITHIN.map((bits) => `within ${bits}`).join(' | ')} |`)
print(`| --- | --- | ${WITHIN.map(() => '---').join(' | ')} |`)
for (const [name, change] of CHANGES) {
  const distances: number[] = []
  for (const { picture, hash } of hashed) {
    const other = await hashOf(change(picture))
    distances.push(other === undefined ? 64 : hashDistance(hash, other))
  }
  distances.sort((a, b) => a - b)
  const at = (share: number) => distances[Math.floor(share * distances.length)]
  const shares = WITHIN.map((bits) =>
    percentOf(distances.filter((distance) => distance <= bits).length, distances.length),
  )
  print(`| ${name} | ${at(0.5)}, ${at(0.9)} | ${shares.join(' | ')} |`)
}

const pairs = hashed.flatMap((one, i) =>
  hashed.slice(i + 1).flatMap((other) => {
    if (one.picture.photo === other.picture.photo) return []
    const distance = hashDistance(one.hash, other.hash)
    return [{ distance, names: `${one.picture.photo} and ${other.picture.photo}` }]
  }),
)
const falsePairs = WITHIN.map((bits) => pairs.filter(({ distance }) => distance <= bits).length)
print(`| of ${pairs.length} pairs of different pictures | | ${falsePairs.join(' | ')} |`)
for (const { distance, names } of pairs.filter((pair) => pair.distance <= 14)) print(`${distance}: ${names}`)

async function pictures(folder: string | undefined): Promise<Picture[]> {
  const all: Picture[] = []
  for (let seed = 1; seed <= GENERATED; seed++) {
    all.push(await decode(`generated ${seed}`, sharp(await photoJpeg(800, 600, { seed }))))
  }
  const files = folder === undefined ? [] : await readdir(folder)
  for (const name of files.filter((file) => /\.(jpe?g|png)$/i.test(file))) {
    const bytes = await readFile(join(folder!, name))
    const { width, height } = await sharp(bytes).metadata()
    if (Math.min(width, height) < SMALLEST_SIDE) continue
    all.push(await decode(name, sharp(bytes)))
    const half = { width: Math.floor(width / 2), height: Math.floor(height / 2) }
    if (Math.min(half.width, half.height) < SMALLEST_SIDE) continue
    for (const [left, top] of [
      [0, 0],
      [half.width, 0],
      [0, half.height],
      [half.width, half.height],
    ] as const) {
      all.push(await decode(name, sharp(bytes).extract({ left, top, ...half })))
    }
  }
  return all
}

async function decode(photo: string, image: Sharp): Promise<Picture> {
  const { data, info } = await image
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { photo, data, width: info.width, height: info.height }
}

function open({ data, width, height }: Picture): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } })
}

/** By a share of each side, all of it at one corner for width and height. */
function cropped(share: number): Change {
  return (picture) => {
    const { width, height } = picture
    const kept = { width: Math.round(width * (1 - share)), height: Math.round(height * (1 - share)) }
    const [left, top] = [Math.round((width - kept.width) / 2), Math.round((height - kept.height) / 2)]
    return open(picture)
      .extract({ left, top, ...kept })
      .jpeg({ quality: 90 })
  }
}

function turned(picture: Picture): Sharp {
  const { width, height } = picture
  const kept = { width: Math.round(width * 0.96), height: Math.round(height * 0.96) }
  // Turning makes room for the corners.
  const grown = 1.02
  return open(picture)
    .rotate(1)
    .extract({
      left: Math.round((width * grown - kept.width) / 2),
      top: Math.round((height * grown - kept.height) / 2),
      ...kept,
    })
    .jpeg({ quality: 90 })
}

async function hashOf(image: Sharp): Promise<bigint | undefined> {
  const { data, info } = await image.toBuffer({ resolveWithObject: true })
  const { perceptualHash } = await inspectOriginal(data, {
    declaredContentType: `image/${info.format}`,
    ...LIMITS,
  })
  return perceptualHash
}
