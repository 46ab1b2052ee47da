/** npm and the terminal both deliver a Ctrl-C: a second one within this time is the same one. */
const sameInterruptMs = 1_000

/** Reports when a person or a supervisor has asked this process to stop. */
export interface Interrupt {
  /** Aborted at the first request. */
  signal: AbortSignal
  /** Resolves with the exit code to end with. */
  requested: Promise<number>
}

/**
 * Takes over SIGINT, SIGTERM and SIGHUP.
 * @param onInsist called when asked again (not just the same Ctrl-C twice): whatever is pending should be cut short
 */
export function listenForInterrupt(onInsist: () => void): Interrupt {
  const controller = new AbortController()
  const { promise, resolve } = Promise.withResolvers<number>()
  let firstAt: number | undefined
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
  for (const [name, code] of Object.entries(codes)) {
    process.on(name, () => {
      if (firstAt === undefined) {
        firstAt = Date.now()
        controller.abort()
        resolve(code)
      } else if (Date.now() - firstAt > sameInterruptMs) {
        onInsist()
      }
    })
  }
  return { signal: controller.signal, requested: promise }
}
