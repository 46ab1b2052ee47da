import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { unpackZip } from './unpack-zip.ts'

let root: string
let folder: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'darkroom-test-unpack-'))
  folder = join(root, 'inside')
  await mkdir(folder)
})
afterEach(() => rm(root, { recursive: true }))

/** Makes an archive as a program does that means harm. `z` is open for writing. */
async function archive(script: string): Promise<string> {
  const path = join(root, 'archive.zip')
  const head = 'import zipfile, sys, stat, struct\nz = zipfile.ZipFile(sys.argv[1], "w")\n'
  await promisify(execFile)('python3', ['-W', 'ignore', '-c', `${head}${script}\nz.close()`, path])
  return path
}

async function unpacked(path: string, limits: object = {}): Promise<Record<string, string>> {
  const refused: Record<string, string> = {}
  await unpackZip(path, folder, new Set(), {
    signal: new AbortController().signal,
    limits,
    onRefused: (name, why) => void (refused[name] = why),
  })
  return refused
}

const files = async (of = folder) =>
  (await readdir(of, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(of.length + 1))
    .sort()

describe('an archive', () => {
  it('is unpacked with its folders, stored or deflated', async () => {
    const path = await archive(`
z.writestr('a.txt', 'one')
z.writestr('deep/Zürich/b.txt', 'two' * 1000, zipfile.ZIP_DEFLATED)
z.writestr('empty/', '')`)
    expect(await unpacked(path)).toEqual({})
    expect(await files()).toEqual(['a.txt', 'deep/Zürich/b.txt'])
    expect(await readFile(join(folder, 'deep/Zürich/b.txt'), 'utf8')).toBe('two'.repeat(1000))
  })

  it('writes nothing outside its folder', async () => {
    const names = [
      '../up.txt',
      'a/../../up.txt',
      '/etc/up.txt',
      'C:/up.txt',
      'a\\..\\up.txt',
      'a//b.txt',
      './c.txt',
    ]
    const path = await archive(`
for name in ${JSON.stringify(names)}:
    i = zipfile.ZipInfo('x'); i.filename = name; z.writestr(i, 'harm')
z.writestr('kept.txt', 'kept')`)
    const refused = await unpacked(path)
    expect(new Set(Object.values(refused))).toEqual(new Set(['its name leads elsewhere']))
    expect(Object.keys(refused)).toHaveLength(names.length)
    expect(await files()).toEqual(['kept.txt'])
    expect(await files(root)).toEqual(['archive.zip', 'inside/kept.txt'])
  })

  it('leads no file through a link', async () => {
    const path = await archive(`
i = zipfile.ZipInfo('link'); i.create_system = 3; i.external_attr = (stat.S_IFLNK | 0o777) << 16
z.writestr(i, '${root}')
z.writestr('link/through.txt', 'harm')
d = zipfile.ZipInfo('device'); d.create_system = 3; d.external_attr = (stat.S_IFCHR | 0o666) << 16
z.writestr(d, '')`)
    expect(await unpacked(path)).toEqual({
      link: 'it is a link, or no file',
      device: 'it is a link, or no file',
    })
    expect(await files(root)).toEqual(['archive.zip', 'inside/link/through.txt'])
  })

  it('keeps the first of several files of a name', async () => {
    const path = await archive(`
for name in ['a.txt', 'a.txt', 'A.TXT', 'b', 'b/c.txt']: z.writestr(name, name)`)
    const refused = await unpacked(path)
    expect(refused).toMatchObject({
      'a.txt': 'a file of this name was there before',
      'A.TXT': 'a file of this name was there before',
    })
    expect(Object.keys(refused)).toContain('b/c.txt')
    expect(await readFile(join(folder, 'a.txt'), 'utf8')).toBe('a.txt')
    expect(await readFile(join(folder, 'b'), 'utf8')).toBe('b')
  })

  it('may not hold a file that grows beyond measure', async () => {
    const path = await archive(`
z.writestr('bomb.txt', b'\\0' * 40_000_000, zipfile.ZIP_DEFLATED)
z.writestr('kept.txt', 'kept')`)
    expect(await unpacked(path)).toEqual({ 'bomb.txt': 'it grows too much when it is unpacked' })
    expect(await files()).toEqual(['kept.txt'])
  })

  it('may not be larger than its length allows in all', async () => {
    const path = await archive(`
for n in range(20): z.writestr(f'{n}.txt', b'\\0' * 1_000_000, zipfile.ZIP_DEFLATED)`)
    await expect(unpacked(path, { grantedBytes: 5_000_000 })).rejects.toThrow('larger than')
    expect((await files()).length).toBeLessThan(6)
  })

  it('may not hold more files than anyone has', async () => {
    const path = await archive(`for n in range(5): z.writestr(f'{n}.txt', 'x')`)
    await expect(unpacked(path, { entries: 4 })).rejects.toThrow('more than 4 files')
  })

  it('leaves out what is encrypted, cut or not what it says', async () => {
    const path = await archive(`
z.writestr('kept.txt', 'kept')
z.writestr('changed.txt', 'changed')
z.writestr('encrypted.txt', 'secret' * 100, zipfile.ZIP_DEFLATED)`)
    const bytes = await readFile(path)
    const at = (text: string, from = 0) => bytes.indexOf(text, from)
    bytes.write('CHANGED', at('changed', at('changed.txt') + 11))
    // The flag in the directory: 46 bytes stand before the name, the flag 8 from their beginning.
    bytes[bytes.lastIndexOf('encrypted.txt') - 46 + 8]! |= 1
    await writeFile(path, bytes)
    expect(await unpacked(path)).toEqual({
      'changed.txt': 'its checksum is wrong',
      'encrypted.txt': 'it is encrypted',
    })
    expect(await files()).toEqual(['kept.txt'])
  })

  it('has to be one', async () => {
    const path = join(root, 'no.zip')
    await writeFile(path, 'not an archive')
    await expect(unpacked(path)).rejects.toThrow()
  })
})
