import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { removeStaleFolders } from '../../infra/temporary-folders.ts'

const DIRECTORY_PREFIX = 'darkroom-original-'
/** Far longer than an activity may take; older files were left by killed processes. */
const LEFT_OVER_AFTER_MS = 60 * 60 * 1000

export interface ObjectFileOptions {
  key: string
  /** Only if the object still is this one. */
  etag?: string
  signal?: AbortSignal | undefined
}

/**
 * Streams an object to a temporary file of its own, hands over its path, and removes it whatever happens.
 * @throws ObjectMissingError, ObjectChangedError, or what `work` throws
 */
export async function withObjectFile<T>(
  objects: Pick<ObjectStore, 'read'>,
  { key, etag, signal }: ObjectFileOptions,
  work: (file: string) => Promise<T>,
): Promise<T> {
  const { body } = await objects.read(key, etag)
  return withFileOf(body, signal, work)
}

/** The same for an object that is being read. @throws what `work` throws */
export async function withFileOf<T>(
  body: Readable,
  signal: AbortSignal | undefined,
  work: (file: string) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), DIRECTORY_PREFIX)).catch((error: unknown) => {
    body.destroy()
    throw error
  })
  try {
    const file = join(directory, 'original')
    await pipeline(body, createWriteStream(file), { signal: signal as AbortSignal })
    return await work(file)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Removes files that killed processes left in the temporary folder. Called at boot. @returns how many */
export const removeLeftOverFiles = (): Promise<number> =>
  removeStaleFolders(DIRECTORY_PREFIX, LEFT_OVER_AFTER_MS)
