import { register, Registry } from 'prom-client'
import { carriesToken, isFromLoopback } from '../../../observability/operator-access.ts'
import { operator } from '../../middlewares/operators.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import type { Readiness } from '../../../services/operations/readiness.ts'
import { GetHealth, GetMetrics, GetReadiness } from './schema.ts'

export interface OperationsRoutesOptions {
  registry: Registry
  reportDependencies: (readiness: Readiness) => void
  metricsToken: string
}

export function operationsRoutes(routes: Routes, options: OperationsRoutesOptions): void {
  const { registry, metricsToken, reportDependencies } = options
  const everything = Registry.merge([registry, register])

  routes.get('/healthz', valid(GetHealth), async (ctx) => {
    ctx.body = { status: 'ok' }
  })

  routes.get('/readyz', valid(GetReadiness), async (ctx) => {
    const readiness = ctx.stopping.aborted ? undefined : await ctx.services.checkReadiness()
    const withTimes = isFromLoopback(ctx.req) || carriesToken(ctx.req, metricsToken)
    ctx.status = readiness?.ready ? 200 : 503
    ctx.body = {
      status: readiness === undefined ? 'stopping' : readiness.ready ? 'ready' : 'not_ready',
      dependencies: readiness ? presentDependencies(readiness, withTimes) : {},
    }
  })

  routes.get('/metrics', operator(metricsToken), valid(GetMetrics), async (ctx) => {
    if (!ctx.stopping.aborted) reportDependencies(await ctx.services.checkReadiness())
    ctx.type = everything.contentType
    ctx.body = await everything.metrics()
  })
}

function presentDependencies({ dependencies }: Readiness, withTimes: boolean) {
  return Object.fromEntries(
    Object.entries(dependencies).map(([name, { state, required, ms }]) => [
      name,
      { state, required, ...(withTimes ? { ms } : {}) },
    ]),
  )
}
