import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SingleBar } from 'cli-progress'
import { pino } from 'pino'
import { openImageProcessor } from '../../../src/infra/image/processor.ts'
import { CORPUS_FORMATS } from './formats.ts'
import { hostileFiles } from './hostile-files.ts'
import { judge } from './judge.ts'

/** `npm run corpus [-- <flips of each format>]`: every hostile file through the children, with a report. */
const FLIPS = Number(process.argv[2] ?? 5_000)
const CHILDREN = 2
const MAX_WORKER_MB = 400
const BYTES_PER_MB = 1e6

const folder = await mkdtemp(join(tmpdir(), 'darkroom-corpus-'))
const logger = pino({ level: 'error' })
const images = openImageProcessor({ children: CHILDREN, memoryBytes: 2e9, sandbox: 'auto', logger })
const bar = new SingleBar({
  format: '{bar} {value} of about {total} files · {eta_formatted} left',
  noTTYOutput: true,
})
const verdicts = new Map<string, number>()
const faults: string[] = []
let peakMb = 0

try {
  console.log(`Sandbox: ${await images.warm()}`)
  bar.start(CORPUS_FORMATS.length * (FLIPS + 25), 0)
  const files = hostileFiles(FLIPS)
  const work = async () => {
    for (let next = await files.next(); !next.done; next = await files.next()) {
      const verdict = await judge(images, folder, next.value).catch((error: Error) => {
        faults.push(`${error.message} (${String(error.cause)})`)
        return 'FAULT'
      })
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1)
      peakMb = Math.max(peakMb, process.memoryUsage.rss() / BYTES_PER_MB)
      bar.increment()
    }
  }
  await Promise.all(Array.from({ length: CHILDREN }, work))
} finally {
  bar.stop()
  await images.close()
  await rm(folder, { recursive: true })
}

console.table(Object.fromEntries([...verdicts].sort(([, a], [, b]) => b - a)))
console.log(`Peak memory of the worker: ${Math.round(peakMb)} MB (at most ${MAX_WORKER_MB})`)
for (const fault of faults.slice(0, 50)) console.error(`FAULT ${fault}`)
if (faults.length > 0 || peakMb > MAX_WORKER_MB) process.exitCode = 1
