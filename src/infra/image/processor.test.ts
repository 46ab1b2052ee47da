import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { flatImage, noisyImage } from '../../../test/support/factories/images.ts'
import { inspectOriginal } from './inspect.ts'
import { openImageProcessor, type ImageProcessor, type ProcessorOptions } from './processor.ts'
import { renderVariants, type RenderedVariant } from './render.ts'

let folder: string
let photo: string
const opened: ImageProcessor[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
  photo = await file('photo.jpg', await noisyImage(900, 700).jpeg().toBuffer())
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((processor) => processor.close()))
})
afterAll(() => rm(folder, { recursive: true }))

async function file(name: string, bytes: Buffer): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

function open(options: Partial<ProcessorOptions> = {}): ImageProcessor {
  const logger = pino({ level: 'silent' })
  const processor = openImageProcessor({ children: 1, memoryBytes: 2e9, sandbox: 'auto', logger, ...options })
  opened.push(processor)
  return processor
}

/** Decoding it takes most of a second, making it little. */
function interlaced(width: number, height: number): Promise<Buffer> {
  const grey = flatImage(width, height, { r: 9, g: 9, b: 9 }).toColourspace('b-w')
  return grey.png({ progressive: true, compressionLevel: 1 }).toBuffer()
}

const inspection = { declaredContentType: 'image/jpeg', maxBytes: 50_000_000, maxPixels: 50_000_000 }

/** The processes below this one that run the entry of the children. */
function children(): number[] {
  const rows = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' })
    .split('\n')
    .slice(1)
    .map((row) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(row)!)
    .filter(Boolean)
    .map(([, pid, parent, args]) => ({ pid: Number(pid), parent: Number(parent), args: args! }))
  const below = (pid: number): typeof rows =>
    rows.filter((row) => row.parent === pid).flatMap((row) => [row, ...below(row.pid)])
  return below(process.pid)
    .filter(({ args }) => args.includes('processor-child'))
    .map(({ pid }) => pid)
}

describe('a job in a child', () => {
  it('returns what it returns in the process', async () => {
    expect(await open().run('inspectOriginal', photo, inspection)).toEqual(
      await inspectOriginal(photo, inspection),
    )
  })

  it('hands over each part with its bytes', async () => {
    const parts: RenderedVariant[] = []
    const onPart = async (part: RenderedVariant) => void parts.push(part)
    expect(await open().run('renderVariants', photo, {}, { onPart })).toEqual([])
    const sorted = (all: readonly unknown[]) => all.map((each) => JSON.stringify(each)).sort()
    expect(sorted(parts)).toEqual(sorted(await renderVariants(photo)))
  })

  it('refuses with the code and detail of the refusal', async () => {
    const refused = open().run('inspectOriginal', photo, { ...inspection, maxPixels: 1_000 })
    await expect(refused).rejects.toMatchObject({
      name: 'InvalidImageError',
      code: 'too_many_pixels',
      detail: '900 × 700 pixels are more than the 1000 allowed.',
    })
  })
})

describe('an image that takes too much', () => {
  it('of time is too complex, and its neighbour is decoded', async () => {
    const images = open({ children: 2, limits: { cpuSeconds: 0.3 } })
    await images.warm()
    const large = await file('large.png', await interlaced(7000, 7000))
    const [slow, quick] = await Promise.allSettled([
      images.run('renderVariants', large, {}, { onPart: async () => undefined }),
      images.run('inspectOriginal', photo, inspection),
    ])
    expect(slow).toMatchObject({ reason: { name: 'InvalidImageError', code: 'too_complex' } })
    expect(quick).toMatchObject({ status: 'fulfilled' })
    // Most of it goes into writing 49 megapixels.
  }, 60_000)
})

describe('children', () => {
  it('that a supervisor ends are no verdict on their image', async () => {
    const images = open()
    await images.warm()
    const [pid] = children()
    process.kill(pid!, 'SIGTERM')
    expect(await images.run('inspectOriginal', photo, inspection)).toMatchObject({ width: 900 })
  })

  it.runIf(existsSync('/proc/self/autogroup'))('give way to other sessions', async () => {
    await open({ children: 2 }).warm()
    await vi.waitFor(() => {
      for (const pid of children()) expect(readFileSync(`/proc/${pid}/autogroup`, 'utf8')).toMatch(/nice 5$/m)
    })
    expect(children().length).toBeGreaterThanOrEqual(2)
  })

  it('end with the processor', async () => {
    const images = open({ children: 2 })
    await images.warm()
    expect(children().length).toBeGreaterThanOrEqual(2)
    await images.close()
    expect(children()).toEqual([])
    await expect(images.run('inspectOriginal', photo, inspection)).rejects.toThrow('stopping')
  })
})
