import type { ApiContext } from './context.ts'

/** A signal that aborts if the client hangs up before it is answered. */
export function untilClosed(ctx: ApiContext): AbortSignal {
  const controller = new AbortController()
  if (ctx.res.closed) controller.abort()
  else ctx.res.once('close', () => controller.abort())
  return controller.signal
}
