import { appendFile, mkdir, mkdtemp, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findDamage, writeManifest } from './manifest.ts'

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'darkroom-manifest-'))
  await mkdir(join(root, 'bin'))
  await writeFile(join(root, 'bin', 'server'), 'executable')
  await symlink('server', join(root, 'bin', 'alias'))
  await writeManifest(root)
})

afterEach(() => rm(root, { recursive: true, force: true }))

it('a whole install has no damage', async () => {
  expect(await findDamage(root)).toBeUndefined()
})

it('files that are added later do no harm', async () => {
  await writeFile(join(root, 'bin', 'cache'), 'x')
  expect(await findDamage(root)).toBeUndefined()
})

it('a missing file is damage', async () => {
  await unlink(join(root, 'bin', 'server'))
  expect(await findDamage(root)).toBe('bin/server is missing')
})

it('a missing link is damage', async () => {
  await unlink(join(root, 'bin', 'alias'))
  expect(await findDamage(root)).toBe('bin/alias is missing')
})

it('a file of another length is damage', async () => {
  await appendFile(join(root, 'bin', 'server'), '!')
  expect(await findDamage(root)).toBe('bin/server has 11 bytes instead of 10')
})

it.each(['', '{"bin/server": 1'])(
  'an install whose manifest was cut short (%j) is damaged',
  async (content) => {
    await writeFile(join(root, 'manifest.json'), content)
    expect(await findDamage(root)).toBe('it has no readable manifest')
  },
)
