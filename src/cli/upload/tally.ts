import { relative } from 'node:path'
import { Presets, SingleBar } from 'cli-progress'
import type { FileReport } from './upload-folder.ts'

const BYTES_PER_MB = 1e6

/** Progress while it runs: a bar on a terminal; and a report of what is not there in the end. */
export function openTally(folder: string, { json }: { json?: boolean }) {
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
  const counts = { uploaded: 0, present: 0, repeated: 0, processing: 0, refused: 0, left_out: 0, failed: 0 }
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
      else if (warnings.length > 0 || ['refused', 'left_out', 'failed'].includes(result.outcome))
        notable.push(report)
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
        if (result.outcome === 'left_out') print(`left out: ${name(path)}: ${result.detail}`)
        if (result.outcome === 'failed') print(`not uploaded: ${name(path)}: ${result.detail}`)
        for (const warning of warnings) print(`note: ${name(path)}: ${warning}`)
      }
      const { uploaded, present, repeated, processing, refused, left_out: leftOut, failed } = counts
      const parts = [
        `${uploaded} uploaded`,
        present > 0 && `${present} were there`,
        repeated > 0 && `${repeated} repeated`,
        processing > 0 && `${processing} sent, not published yet`,
        refused > 0 && `${refused} refused`,
        leftOut > 0 && `${leftOut} left out`,
        failed > 0 && `${failed} not uploaded: run the same command again`,
      ]
      print(parts.filter(Boolean).join(', '))
    },
    isIncomplete: () => counts.refused + counts.failed > 0,
  }
}

export const megabytes = (bytes: number): string => `${(bytes / BYTES_PER_MB).toFixed(1)} MB`
export const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
