import { stat } from 'node:fs/promises'
import { relative } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { Presets, SingleBar } from 'cli-progress'
import { abortOnInterrupt, EXIT } from '../exit.ts'
import { RefusedError, signIn, type Account } from './client.ts'
import { findPhotos, type FoundPhoto } from './find-photos.ts'
import { uploadFolder, type FileReport } from './upload-folder.ts'

export interface UploadOptions {
  server: string
  user?: string
  parallel: number
  visibility?: string
  dryRun?: boolean
  wait: boolean
  json?: boolean
}

const BYTES_PER_MB = 1e6

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

/** From the options, the environment, or who sits at the terminal. */
async function askAccount(
  { user }: UploadOptions,
  { signal, interrupt }: ReturnType<typeof abortOnInterrupt>,
): Promise<Account> {
  const token = process.env.DARKROOM_TOKEN
  if (token !== undefined && user === undefined) return { token }
  const username = user ?? process.env.DARKROOM_USER
  const password = process.env.DARKROOM_PASSWORD
  if (username !== undefined && password !== undefined) return { username, password }
  if (!process.stdin.isTTY)
    throw new Error(
      'set DARKROOM_TOKEN, or DARKROOM_PASSWORD and --user or DARKROOM_USER: there is no terminal to ask at',
    )
  let isSecret = false
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (!isSecret) process.stderr.write(chunk as Buffer)
      done()
    },
  })
  const terminal = createInterface({ input: process.stdin, output, terminal: true })
  // The terminal hands Ctrl-C to whoever reads from it, and says with Ctrl-D that nothing comes.
  terminal.once('SIGINT', interrupt).once('close', interrupt)
  try {
    const given = username ?? (await terminal.question('User name: ', { signal }))
    process.stderr.write(`Password of ${given}: `)
    isSecret = true
    const secret = password ?? (await terminal.question('', { signal }))
    process.stderr.write('\n')
    return { username: given, password: secret }
  } finally {
    terminal.off('close', interrupt).close()
  }
}

function listAll(folder: string, photos: readonly FoundPhoto[]): void {
  for (const { path, bytes, contentType, sidecar } of photos)
    print(`${relative(folder, path) || path}\t${contentType}\t${bytes}${sidecar ? '\twith sidecar' : ''}`)
}

/** Progress while it runs: a bar on a terminal; and a report of what is not there in the end. */
function openTally(folder: string, { json }: UploadOptions) {
  const bar =
    process.stderr.isTTY && !json
      ? new SingleBar(
          {
            format: '{bar} {percentage}% of {size}, {files} files, {speed}, ETA {eta_formatted}',
            hideCursor: true,
          },
          Presets.shades_classic,
        )
      : undefined
  const counts = { uploaded: 0, present: 0, repeated: 0, processing: 0, refused: 0, failed: 0 }
  const notable: FileReport[] = []
  let done = 0
  let isRunning = false
  let saidUntil = 0
  const startedAt = performance.now()
  const payload = (total: number) => ({
    size: megabytes(total),
    files: Object.values(counts).reduce((sum, count) => sum + count, 0),
    speed: `${(done / BYTES_PER_MB / ((performance.now() - startedAt) / 1000)).toFixed(1)} MB/s`,
  })
  let total = 0
  const name = (path: string) => relative(folder, path) || path
  return {
    say(text: string) {
      if (!json) process.stderr.write(`${text}\n`)
    },
    /** Once for all calls that wait for the same reason. */
    sayWait: (seconds: number, why: string) => {
      const until = new Date(Date.now() + seconds * 1000)
      if (until.getTime() < saidUntil) return
      saidUntil = until.getTime()
      if (!json) process.stderr.write(`\nwaiting until ${until.toLocaleTimeString()}: ${why}\n`)
    },
    begin(bytes: number) {
      total = bytes
      isRunning = true
      bar?.start(Math.max(bytes, 1), 0, payload(bytes))
    },
    addBytes(bytes: number) {
      done += bytes
      bar?.update(Math.min(done, total), payload(total))
    },
    addFile(report: FileReport) {
      counts[report.result.outcome]++
      const { path, result, warnings } = report
      if (json)
        print(JSON.stringify({ file: name(path), ...result, ...(warnings.length > 0 && { warnings }) }))
      else if (warnings.length > 0 || ['refused', 'failed'].includes(result.outcome)) notable.push(report)
      bar?.update(payload(total))
    },
    /** The bar goes, and what needs attention is told, file by file. */
    end() {
      if (!isRunning) return
      isRunning = false
      bar?.stop()
      if (json) return
      for (const { path, result, warnings } of notable) {
        if (result.outcome === 'refused') print(`refused: ${name(path)}: ${result.code}: ${result.detail}`)
        if (result.outcome === 'failed') print(`not uploaded: ${name(path)}: ${result.detail}`)
        for (const warning of warnings) print(`note: ${name(path)}: ${warning}`)
      }
      const { uploaded, present, repeated, processing, refused, failed } = counts
      const parts = [
        `${uploaded} uploaded`,
        present > 0 && `${present} were there`,
        repeated > 0 && `${repeated} repeated`,
        processing > 0 && `${processing} sent, not published yet`,
        refused > 0 && `${refused} refused`,
        failed > 0 && `${failed} not uploaded: run the same command again`,
      ]
      print(parts.filter(Boolean).join(', '))
    },
    isIncomplete: () => counts.refused + counts.failed > 0,
  }
}

const megabytes = (bytes: number): string => `${(bytes / BYTES_PER_MB).toFixed(1)} MB`
const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
