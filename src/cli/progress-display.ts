import { Presets, SingleBar } from 'cli-progress'

/** How far something has come: a bar on a terminal, else a line whenever it has moved. */
export interface ProgressDisplay {
  /** @param share without it, there is no bar either */
  show(line: string, share?: { done: number; total: number }): void
  /** The bar stays as it is; may be called again. */
  stop(): void
}

export function openProgressDisplay(): ProgressDisplay {
  let bar: SingleBar | undefined
  let told = ''
  return {
    show(line, share) {
      if (process.stdout.isTTY && share && share.total > 0) {
        bar ??= openBar()
        bar.setTotal(share.total)
        bar.update(Math.min(share.done, share.total), { line })
      } else if (line !== told) process.stdout.write(`${line}\n`)
      told = line
    },
    stop() {
      bar?.stop()
      bar = undefined
    },
  }
}

function openBar(): SingleBar {
  const bar = new SingleBar(
    // Interruptions are the command's (exit.ts).
    {
      format: '{bar} {percentage}% {line}',
      hideCursor: true,
      gracefulExit: false,
      stream: process.stdout,
      linewrap: null,
    },
    Presets.shades_classic,
  )
  bar.start(1, 0, { line: '' })
  return bar
}
