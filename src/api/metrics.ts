import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface HttpMetrics {
  registry: Registry
  /** Seconds from request to answer, by method, route pattern and status. */
  duration: Histogram<'method' | 'route' | 'status'>
  inFlight: Gauge
}

/** Metrics of one API process in a registry of its own, so that two apps in one process do not collide. */
export function createHttpMetrics(): HttpMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'darkroom_api_' })
  return {
    registry,
    duration: new Histogram({
      name: 'darkroom_http_request_duration_seconds',
      help: 'Time to answer a request.',
      labelNames: ['method', 'route', 'status'],
      // Around the targets of bench.md: single milliseconds for reads, a second for uploads, 25 s for long polls.
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
