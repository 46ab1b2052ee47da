import { mkdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { lock } from 'proper-lockfile'

/** A holder refreshes its lock every `refreshMs`; one that has not done so for `staleMs` is dead, and its lock is broken. */
const refreshMs = 2_000
const staleMs = 15_000
const pollMs = 200

/** Runs `work` while holding the lock of `folder`, also against this process. `onWait` is called once if it must wait. */
export async function withFolderLock<T>(
  folder: string,
  onWait: () => void,
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(folder, { recursive: true })
  const release = await acquire(folder, onWait)
  try {
    return await work()
  } finally {
    await release().catch(() => undefined)
  }
}

async function acquire(folder: string, onWait: () => void): Promise<() => Promise<void>> {
  for (let waited = false; ; waited = true) {
    try {
      return await lock(folder, { stale: staleMs, update: refreshMs, lockfilePath: `${folder}/.lock` })
    } catch (error) {
      if ((error as { code?: string }).code !== 'ELOCKED') throw error
      if (!waited) onWait()
      await sleep(pollMs)
    }
  }
}
