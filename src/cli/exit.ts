/** The exit codes of every `darkroom` command; `--help` and README.md list them. */
export const EXIT = {
  done: 0,
  /** Refused or failed, wholly or in part. */
  failed: 1,
  /** The command was called in a way that it does not know. */
  usage: 2,
  /** What a shell reports after SIGINT; SIGTERM ends with it too. */
  interrupted: 130,
} as const

export const EXIT_CODES_HELP = `
Exit codes: ${EXIT.done} done, ${EXIT.failed} refused or failed, ${EXIT.usage} wrong usage, ${EXIT.interrupted} interrupted.`

/** The command was called with options or arguments that do not go together, or name what there is not. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws UsageError if more than one of the options is given */
export function onlyOneOf<Name extends string>(
  names: readonly Name[],
  options: Partial<Record<Name, unknown>>,
): Name | undefined {
  const given = names.filter((name) => options[name])
  if (given.length > 1) throw new UsageError(`use only one of --${given.join(' and --')}`)
  return given[0]
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
const end = () => process.exit(EXIT.interrupted)

/** From now on an interruption ends the process; also the first one of a container, which would ignore it. */
export function endOnInterrupt(): void {
  for (const signal of SIGNALS) process.on(signal, end)
}

/** Has interruptions do something else. @returns what has them end the process again */
export function onInterrupt(work: () => void): () => void {
  for (const signal of SIGNALS) process.off(signal, end).on(signal, work)
  return () => {
    for (const signal of SIGNALS) process.off(signal, work).on(signal, end)
  }
}

/** npm and the terminal both deliver a Ctrl-C: a second one within this time is the same one. */
const SAME_INTERRUPT_MS = 300

/** A signal that the first interruption aborts; the second ends the process, whatever is under way. */
export function abortOnInterrupt(): { signal: AbortSignal; interrupt: () => void; release: () => void } {
  const interrupted = new AbortController()
  const { signal } = interrupted
  let firstAt = 0
  const interrupt = () => {
    if (!signal.aborted) {
      firstAt = performance.now()
      interrupted.abort(new Error('interrupted'))
    } else if (performance.now() - firstAt > SAME_INTERRUPT_MS) end()
  }
  return { signal, interrupt, release: onInterrupt(interrupt) }
}
