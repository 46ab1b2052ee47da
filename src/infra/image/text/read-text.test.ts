import { execFileSync } from 'node:child_process'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noisyImage } from '../../../../test/support/factories/images.ts'
import { openTextReader, type TextReader } from './open-text-reader.ts'

const pictures = join(import.meta.dirname, '..', '..', '..', '..', 'test', 'support', 'text')
const options = { maxPixels: 50_000_000, sandbox: 'auto', logger: pino({ level: 'silent' }) } as const
let folder: string
let reader: TextReader

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
  reader = openTextReader(options)
})
afterAll(async () => {
  await reader.close()
  await rm(folder, { recursive: true })
})

/** The child takes the file for its own. */
async function copyOf(name: string): Promise<string> {
  const copy = join(folder, name)
  await copyFile(join(pictures, name), copy)
  return copy
}

describe('the reader of texts', () => {
  it('reads a sign, line by line', async () => {
    expect(await reader.read(await copyOf('sign.png'))).toEqual({
      version: '9aef965a14fa',
      text: 'Gate 42\nBoarding at18:05',
    })
  })

  it('reads lines that are slanted or run downwards', async () => {
    const { text } = await reader.read(await copyOf('turned.png'))
    // Its characters lack some umlauts; searches fold them anyway.
    expect(text).toMatch(/B[aä]ckerei M[uü]ller/)
    expect(text).toMatch(/Open daily 9 ?- ?17/)
    expect(text).toContain('PLATFORM')
  })

  it('finds nothing in noise', async () => {
    const noise = join(folder, 'noise.jpg')
    await writeFile(noise, await noisyImage(600, 400).jpeg().toBuffer())
    expect(await reader.read(noise)).toMatchObject({ text: '' })
  })

  it('refuses what is no picture, for good', async () => {
    const text = join(folder, 'text')
    await writeFile(text, 'no picture')
    await expect(reader.read(text)).rejects.toMatchObject({ name: 'InvalidImageError', code: 'not_an_image' })
  })

  it('reads again what its child died of', async () => {
    const sign = await copyOf('sign.png')
    const [before] = children()
    const reading = reader.read(sign)
    process.kill(before!, 'SIGKILL')
    expect(await reading).toMatchObject({ text: 'Gate 42\nBoarding at18:05' })
    expect(children()).not.toContain(before)
  })

  it('gives a picture up that takes too much time twice', async () => {
    const hasty = openTextReader({ ...options, cpuSeconds: 0.01 })
    try {
      // So much print that it takes seconds, whose processor time is looked at twice a second.
      const page = join(folder, 'page.png')
      await sharp({ create: { width: 2_048, height: 2_048, channels: 3, background: 'white' } })
        .composite([{ input: join(pictures, 'sign.png'), tile: true, gravity: 'northwest' }])
        .toFile(page)
      const read = hasty.read(page)
      await expect(read).rejects.toMatchObject({ name: 'InvalidImageError', code: 'too_complex' })
    } finally {
      await hasty.close()
    }
  })
})

/** The children of this process that decode, whatever they are wrapped in. */
function children(): number[] {
  const rows = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' })
    .split('\n')
    .map((row) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(row))
    .filter((row) => row !== null)
    .map(([, pid, parent, args]) => ({ pid: Number(pid), parent: Number(parent), args: args! }))
  const below = (pid: number): typeof rows =>
    rows.filter(({ parent }) => parent === pid).flatMap((row) => [row, ...below(row.pid)])
  return below(process.pid)
    .filter(({ args }) => args.includes('processor-child'))
    .map(({ pid }) => pid)
}
