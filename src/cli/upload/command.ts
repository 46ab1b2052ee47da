import { stat } from 'node:fs/promises'
import { relative } from 'node:path'
import { abortOnInterrupt, EXIT } from '../exit.ts'
import { askAccount } from './ask-account.ts'
import { RefusedError, signIn } from './client.ts'
import { findPhotos, type FoundPhoto } from './find-photos.ts'
import { megabytes, openTally, print } from './tally.ts'
import { uploadFolder } from './upload-folder.ts'

export interface UploadOptions {
  server: string
  user?: string
  parallel: number
  visibility?: string
  dryRun?: boolean
  wait: boolean
  json?: boolean
}

/**
 * Uploads the photos of a folder and reports what became of each. Sets the exit code (../exit.ts): failed if some are
 * not there in the end.
 * @throws Error for its user: no such folder, no server, wrong password
 */
export async function upload(folder: string, options: UploadOptions): Promise<void> {
  const interruption = abortOnInterrupt()
  const { signal } = interruption
  const tally = openTally(folder, options)
  try {
    if (!(await stat(folder).catch(() => undefined))) throw new Error(`there is no ${folder}`)
    const { photos, others } = await findPhotos(folder, signal)
    const bytes = photos.reduce((sum, photo) => sum + photo.bytes, 0)
    tally.say(`${photos.length} photos (${megabytes(bytes)}), ${others} other files`)
    if (options.dryRun) return listAll(folder, photos)
    const client = await signIn(
      options.server,
      await askAccount(options, interruption),
      signal,
      tally.sayWait,
    )
    tally.begin(bytes)
    const { parallel, visibility, wait } = options
    await uploadFolder(photos, {
      client,
      parallel,
      visibility,
      wait,
      signal,
      onBytes: (count) => tally.addBytes(count),
      onFile: (report) => tally.addFile(report),
    })
    tally.end()
    if (tally.isIncomplete()) process.exitCode = EXIT.failed
  } catch (error) {
    tally.end()
    if (signal.aborted) {
      process.stderr.write('interrupted: run the same command again to go on\n')
      process.exitCode = EXIT.interrupted
      return
    }
    if (error instanceof RefusedError && error.code === 'bad_credentials')
      throw new Error('wrong user name or password', { cause: error })
    throw error
  } finally {
    interruption.release()
  }
}

function listAll(folder: string, photos: readonly FoundPhoto[]): void {
  for (const { path, bytes, contentType, sidecar } of photos)
    print(`${relative(folder, path) || path}\t${contentType}\t${bytes}${sidecar ? '\twith sidecar' : ''}`)
}
