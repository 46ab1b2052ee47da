/**
 * What `work` resolves with; what `late` returns or throws if that takes longer than `timeoutMs` (below 0: no time at all).
 * The work goes on then, and how it ends no longer matters to anyone.
 */
export async function withDeadline<T, Late>(
  timeoutMs: number,
  work: Promise<T>,
  late: () => Late,
): Promise<T | Late> {
  const { promise: deadline, resolve } = Promise.withResolvers<typeof LATE>()
  const timer = setTimeout(() => resolve(LATE), Math.max(0, timeoutMs))
  try {
    const first = await Promise.race([work, deadline])
    return first === LATE ? late() : first
  } finally {
    clearTimeout(timer)
  }
}

const LATE = Symbol('late')
