import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { hostileFiles } from '../../../test/support/corpus/hostile-files.ts'
import { judge } from '../../../test/support/corpus/judge.ts'
import { noisyImage } from '../../../test/support/factories/images.ts'
import { openImageProcessor, type ImageProcessor } from './processor.ts'

/** All of them: `npm run corpus`. */
const FLIPS = 15

let folder: string
let images: ImageProcessor

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
  const logger = pino({ level: 'silent' })
  images = openImageProcessor({ children: 2, memoryBytes: 2e9, sandbox: 'auto', logger })
})
afterAll(async () => {
  await images.close()
  await rm(folder, { recursive: true })
})

it('every hostile file ends as ready or with a code', { timeout: 300_000 }, async () => {
  const faults: string[] = []
  const files = hostileFiles(FLIPS)
  const work = async () => {
    for (let next = await files.next(); !next.done; next = await files.next())
      await judge(images, folder, next.value).catch((error: Error) => faults.push(error.message))
  }
  await Promise.all([work(), work()])
  expect(faults).toEqual([])
})

it('no verdict depends on a neighbour', { timeout: 300_000 }, async () => {
  const good = await noisyImage(600, 400).jpeg().toBuffer()
  // Before the marker of the end: an error's text tells it from missing pixels, if no neighbour has written another.
  const stray = Buffer.concat([good.subarray(0, -2), Buffer.from('abc'), good.subarray(-2)])
  const progressive = await noisyImage(600, 400).jpeg({ progressive: true }).toBuffer()
  const cut = Buffer.concat([progressive.subarray(0, progressive.length * 0.6), Buffer.of(0xff, 0xd9)])
  const verdict = async (name: string, bytes: Buffer) => {
    const file = join(folder, name)
    await writeFile(file, bytes)
    const options = { declaredContentType: 'image/jpeg', maxBytes: 50_000_000, maxPixels: 50_000_000 }
    return images.run('inspectOriginal', file, options).then(
      () => 'ready',
      ({ code }: { code: string }) => code,
    )
  }
  const alone = [await verdict('stray', stray), await verdict('cut', cut)]
  expect(alone).toEqual(['ready', 'truncated'])
  const together = await Promise.all(
    Array.from({ length: 240 }, (_, at) => verdict(`${at}`, at % 2 === 0 ? stray : cut)),
  )
  expect(together).toEqual(together.map((_, at) => alone[at % 2]))
})
