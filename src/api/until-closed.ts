import type { ApiContext } from './context.ts'

/** A signal that aborts when the client hangs up before it was answered. */
export function untilClosed(ctx: ApiContext): AbortSignal {
  const controller = new AbortController()
  ctx.res.once('close', () => controller.abort())
  return controller.signal
}
