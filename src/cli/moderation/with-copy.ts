import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Hands over a copy of an operator's file, as the processes that decode take files that are the caller's own. */
export async function withCopy<T>(path: string, work: (copy: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-picture-'))
  try {
    const copy = join(directory, 'picture')
    await copyFile(path, copy)
    return await work(copy)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
