import { execFile } from 'node:child_process'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as yauzl from 'yauzl'
import { directoryHeader, dosTime, endRecords, localHeader, type PlacedEntry } from './zip-records.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-test-zip-'))
})
afterAll(() => rm(folder, { recursive: true }))

const MODIFIED = dosTime('2024-05-01T12:34:56')
const python = async (...args: string[]) => (await promisify(execFile)('python3', args)).stdout

function archiveOf(files: Record<string, string>): Buffer {
  const chunks: Buffer[] = []
  const entries: PlacedEntry[] = []
  let at = 0
  const add = (chunk: Buffer) => {
    chunks.push(chunk)
    at += chunk.length
  }
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text)
    const entry = { name, bytes: content.length, crc32: crc32(content), modified: MODIFIED, at }
    entries.push(entry)
    add(localHeader(entry))
    add(content)
  }
  const directoryAt = at
  for (const entry of entries) add(directoryHeader(entry))
  add(endRecords({ entries: entries.length, at: directoryAt, bytes: at - directoryAt }))
  return Buffer.concat(chunks)
}

describe('the records of a ZIP', () => {
  it('are read by other programs, with names of any script', async () => {
    const files = { 'a.txt': 'one', 'photos/Zürich/日本.jpeg': 'two', 'empty.json': '' }
    const path = join(folder, 'small.zip')
    await writeFile(path, archiveOf(files))
    expect(await python('-m', 'zipfile', '-t', path)).toContain('Done testing')
    const zip = await yauzl.openPromise(path, { strictFileNames: true })
    const found: Record<string, string> = {}
    for await (const entry of zip.eachEntry()) {
      expect(entry.getLastModDate({ timezone: 'UTC' }).toISOString()).toBe('2024-05-01T12:34:56.000Z')
      found[entry.fileName] = (await buffer(await zip.openReadStreamPromise(entry))).toString()
    }
    expect(found).toEqual(files)
  })

  it('count in 64 bits where 32 do not suffice', async () => {
    const path = join(folder, 'large.zip')
    const file = await open(path, 'w')
    // A hole in the file stands for 5 GB that nobody reads.
    const large = { name: 'large.tiff', bytes: 5_000_000_000, crc32: 7, modified: MODIFIED, at: 0 }
    const header = localHeader(large)
    const content = Buffer.from('behind it')
    const small = {
      name: 'small.txt',
      bytes: content.length,
      crc32: crc32(content),
      modified: MODIFIED,
      at: header.length + large.bytes,
    }
    const end = Buffer.concat([localHeader(small), content])
    const at = small.at + end.length
    const directory = Buffer.concat([large, small].map(directoryHeader))
    await file.write(header, 0, header.length, 0)
    await file.write(end, 0, end.length, small.at)
    const last = Buffer.concat([directory, endRecords({ entries: 2, at, bytes: directory.length })])
    await file.write(last, 0, last.length, at)
    await file.close()

    const zip = await yauzl.openPromise(path, { strictFileNames: true })
    const found: [string, number][] = []
    for await (const entry of zip.eachEntry()) {
      found.push([entry.fileName, entry.uncompressedSize])
      if (entry.fileName === small.name)
        expect(await buffer(await zip.openReadStreamPromise(entry))).toEqual(content)
    }
    expect(found).toEqual([
      [large.name, large.bytes],
      [small.name, small.bytes],
    ])
    const script = `import zipfile, sys; z = zipfile.ZipFile(sys.argv[1]); print(z.read('small.txt').decode(), z.getinfo('large.tiff').file_size)`
    expect(await python('-c', script, path)).toBe('behind it 5000000000\n')
  })

  it('count more files than 16 bits do', async () => {
    const path = join(folder, 'many.zip')
    const names = Array.from({ length: 66_000 }, (_, index) => [`${index}.txt`, ''] as const)
    await writeFile(path, archiveOf(Object.fromEntries(names)))
    const zip = await yauzl.openPromise(path)
    expect(zip.entryCount).toBe(66_000)
    zip.close()
    const script = 'import zipfile, sys; print(len(zipfile.ZipFile(sys.argv[1]).namelist()))'
    expect(await python('-c', script, path)).toBe('66000\n')
  })
})

describe('a time of MS-DOS', () => {
  it.each([
    ['2024-05-01T12:34:56', 0x58a1645c],
    ['1980-01-01T00:00:00', 0x00210000],
    ['1826-01-01T00:00:00', 0x00210000],
    ['2500-01-01T00:00:00', 0xff9fbf7d],
  ])('of %s is counted from 1980 to 2107', (local, time) => {
    expect(dosTime(local)).toBe(time)
  })
})
