import { lstat, mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** How often a folder that lasts says that it is in use. */
const FRESHENED_EACH_MS = 10 * 60 * 1000

/** A folder that its process may keep for longer than {@link removeStaleFolders} waits. */
export interface LastingFolder {
  path: string
  remove(): Promise<void>
}

/** Creates a folder in the temporary one. Others see by its time that it is in use: their process ids and locks may be of other containers. */
export async function openLastingFolder(prefix: string): Promise<LastingFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix))
  const freshen = () => utimes(path, new Date(), new Date()).catch(() => undefined)
  const timer = setInterval(() => void freshen(), FRESHENED_EACH_MS).unref()
  return {
    path,
    async remove() {
      clearInterval(timer)
      await rm(path, { recursive: true, force: true })
    },
  }
}

/**
 * Removes folders that killed processes left in the temporary one.
 * @param afterMs far longer than one is used without its time being renewed
 * @returns how many
 */
export async function removeStaleFolders(prefix: string, afterMs: number, now = Date.now()): Promise<number> {
  let removed = 0
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue
    const path = join(tmpdir(), name)
    const found = await lstat(path).catch(() => undefined)
    if (found?.uid !== process.getuid?.() || now - (await usedAtMs(path)) < afterMs) continue
    await rm(path, { recursive: true, force: true })
    removed++
  }
  return removed
}

/** The latest time of a folder and what is right in it: processes of earlier releases renew only what they work on. */
async function usedAtMs(path: string): Promise<number> {
  const within = await readdir(path).catch(() => [])
  const times = [path, ...within.map((name) => join(path, name))].map((each) =>
    lstat(each).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    ),
  )
  return Math.max(...(await Promise.all(times)))
}
