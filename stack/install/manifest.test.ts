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

it('finds no damage in a complete install', async () => {
  expect(await findDamage(root)).toBeUndefined()
})

it('ignores files that are added later', async () => {
  await writeFile(join(root, 'bin', 'cache'), 'x')
  expect(await findDamage(root)).toBeUndefined()
})

it('reports a missing file', async () => {
  await unlink(join(root, 'bin', 'server'))
  expect(await findDamage(root)).toBe('bin/server is missing')
})

it('reports a missing link', async () => {
  await unlink(join(root, 'bin', 'alias'))
  expect(await findDamage(root)).toBe('bin/alias is missing')
})

it('reports a file of another length', async () => {
  await appendFile(join(root, 'bin', 'server'), '!')
  expect(await findDamage(root)).toBe('bin/server has 11 bytes instead of 10')
})

it.each(['', '{"bin/server": 1'])('reports a manifest that was cut short (%j)', async (content) => {
  await writeFile(join(root, 'manifest.json'), content)
  expect(await findDamage(root)).toBe('it has no readable manifest')
})
