import { mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openLastingFolder, removeStaleFolders } from './temporary-folders.ts'

const HOUR_MS = 60 * 60 * 1000
const LONG_AGO = new Date(Date.now() - 25 * HOUR_MS)

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
  vi.stubEnv('TMPDIR', folder)
})
afterEach(async () => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

async function leave(name: string, at: Date, fileAt = at): Promise<string> {
  const path = join(folder, name)
  await mkdir(path)
  await writeFile(join(path, 'image'), 'x')
  await utimes(join(path, 'image'), fileAt, fileAt)
  await utimes(path, at, at)
  return path
}

describe('temporary folders', () => {
  it('go once nobody has used them for long, whatever they hold', async () => {
    await leave('ours-old', LONG_AGO)
    await leave('ours-new', new Date())
    await leave('ours-worked-in', LONG_AGO, new Date())
    await leave('theirs-old', LONG_AGO)
    expect(await removeStaleFolders('ours-', 24 * HOUR_MS)).toBe(1)
    expect((await readdir(folder)).sort()).toEqual(['ours-new', 'ours-worked-in', 'theirs-old'])
  })

  it('are not looked for behind links', async () => {
    const kept = await leave('theirs-old', LONG_AGO)
    await symlink(kept, join(folder, 'ours-link'))
    await removeStaleFolders('ours-', 24 * HOUR_MS, Date.now() + 48 * HOUR_MS)
    expect(await readdir(folder)).toEqual(['theirs-old'])
    expect(await readdir(kept)).toEqual(['image'])
  })

  it('stay as long as their process lives', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const opened = await openLastingFolder('ours-')
    await utimes(opened.path, LONG_AGO, LONG_AGO)
    vi.advanceTimersByTime(HOUR_MS)
    await vi.waitFor(async () => {
      expect((await stat(opened.path)).mtimeMs).toBeGreaterThan(LONG_AGO.getTime())
    })
    expect(await removeStaleFolders('ours-', 24 * HOUR_MS)).toBe(0)
    await opened.remove()
    expect([await readdir(folder), vi.getTimerCount()]).toEqual([[], 0])
  })
})
