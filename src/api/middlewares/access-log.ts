import type { HttpMetrics } from '../metrics.ts'
import { step, type Identity, type Step } from '../context.ts'

/**
 * Logs one line and takes one measurement per request. It names the route's pattern, never the path
 * or query, which may hold names, search words or tokens.
 */
export function accessLog(metrics: HttpMetrics): Step {
  return step({}, async (ctx, next) => {
    const startedAt = performance.now()
    metrics.inFlight.inc()
    let recorded = false
    const record = () => {
      if (recorded) return
      recorded = true
      const seconds = (performance.now() - startedAt) / 1000
      const route = ctx.state.routePattern ?? 'unmatched'
      // We did not answer a client that hung up: 499, as nginx counts it.
      const status = ctx.res.writableFinished ? ctx.status : 499
      metrics.inFlight.dec()
      metrics.duration.observe({ method: ctx.method, route, status: String(status) }, seconds)
      ctx.state.logger[status >= 500 ? 'error' : 'info'](
        {
          method: ctx.method,
          route,
          status,
          ms: Math.round(seconds * 1000),
          userId: userIdOf(ctx.state.identity),
        },
        'request',
      )
    }
    ctx.res.once('close', record)
    await next()
  })
}

/** Undefined also for a request that was refused before its token was read. */
function userIdOf(identity: Identity | undefined): string | undefined {
  return identity?.viewer.kind === 'user' ? identity.viewer.userId : undefined
}
