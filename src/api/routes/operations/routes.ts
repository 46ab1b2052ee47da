import { register, Registry } from 'prom-client'
import { carriesToken, isFromLoopback, operator } from '../../middlewares/operators.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import type { Readiness } from '../../../services/readiness.ts'
import { GetHealth, GetMetrics, GetReadiness } from './schema.ts'

export interface OperationsRoutesOptions {
  registry: Registry
  metricsToken: string
}

export function operationsRoutes(routes: Routes, { registry, metricsToken }: OperationsRoutesOptions): void {
  const everything = Registry.merge([registry, register])

  routes.get('/healthz', valid(GetHealth), async (ctx) => {
    ctx.body = { status: 'ok' }
  })

  routes.get('/readyz', valid(GetReadiness), async (ctx) => {
    const readiness = ctx.stopping.aborted ? undefined : await ctx.services.checkReadiness()
    const withTimes = isFromLoopback(ctx) || carriesToken(ctx, metricsToken)
    ctx.status = readiness?.ready ? 200 : 503
    ctx.body = {
      status: readiness === undefined ? 'stopping' : readiness.ready ? 'ready' : 'not_ready',
      dependencies: readiness ? presentDependencies(readiness, withTimes) : {},
    }
  })

  routes.get('/metrics', operator(metricsToken), valid(GetMetrics), async (ctx) => {
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
