import type { TelemetryOptions } from '@temporalio/worker'
import getPort from 'get-port'

const FETCH_TIMEOUT_MS = 2_000

export interface RuntimeMetrics {
  telemetry: TelemetryOptions
  /** The runtime's metrics in Prometheus' format. */
  read: () => Promise<string>
}

/**
 * Temporal's own metrics (polls, slots, latencies of tasks and activities). Its runtime serves them on a separate port
 * without a token. That port is therefore on loopback, and the worker's endpoint reads it, so that operators scrape one
 * address for each worker.
 */
export async function createRuntimeMetrics(): Promise<RuntimeMetrics> {
  const bindAddress = `127.0.0.1:${await getPort({ host: '127.0.0.1' })}`
  return {
    telemetry: {
      metrics: {
        prometheus: {
          bindAddress,
          unitSuffix: true,
          useSecondsForDurations: true,
        },
        attachServiceName: false,
      },
    },
    read: async () => {
      const response = await fetch(`http://${bindAddress}/metrics`, {
        signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
      })
      if (!response.ok) throw new Error(`Temporal's runtime answered ${response.status}`)
      return response.text()
    },
  }
}
