import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Readiness } from '../services/operations/readiness.ts'

export interface HttpMetrics {
  registry: Registry
  /** Seconds from request to answer, by method, route pattern and status. */
  duration: Histogram<'method' | 'route' | 'status'>
  inFlight: Gauge
  /** Called before each scrape, so that no alert depends on calls of /readyz. */
  reportDependencies(readiness: Readiness): void
}

/** Metrics of one API process in a registry of its own, so that two apps in one process do not collide. */
export function createHttpMetrics(): HttpMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'darkroom_api_' })
  const dependencyUp = new Gauge({
    name: 'darkroom_dependency_up',
    help: '1 if the dependency answers this process, 0 if it does not.',
    labelNames: ['dependency', 'required'],
    registers: [registry],
  })
  return {
    registry,
    reportDependencies({ dependencies }) {
      for (const [dependency, { state, required }] of Object.entries(dependencies)) {
        dependencyUp.set({ dependency, required: String(required) }, state === 'up' ? 1 : 0)
      }
    },
    duration: new Histogram({
      name: 'darkroom_http_request_duration_seconds',
      help: 'Time to answer a request.',
      labelNames: ['method', 'route', 'status'],
      // Buckets around the targets: single milliseconds for reads, a second for uploads, 25 s for long polls.
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
      registers: [registry],
    }),
    inFlight: new Gauge({
      name: 'darkroom_http_requests_in_flight',
      help: 'Requests being answered.',
      registers: [registry],
    }),
  }
}
