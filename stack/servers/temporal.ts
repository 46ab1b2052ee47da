import { join } from 'node:path'
import { dataFolder, ensureFolder } from './data-folder.ts'
import type { Server } from './server.ts'

export const temporal: Server = {
  name: 'temporal',
  needs: [],
  ports: ['temporal', 'temporalUi', 'temporalHttp', 'temporalMetrics'],
  readyTimeoutMs: 60_000,
  stopSignal: 'SIGTERM',
  stopGraceMs: 5_000,
  orphanSignal: 'TERM',

  async prepare(context) {
    ensureFolder(dataFolder(context, 'temporal'))
  },

  command: ({ layout, ports, stack, env }) => ({
    account: 'nobody' as const,
    file: stack.temporal,
    args: [
      ...['server', 'start-dev', '--db-filename', join(layout.data, 'temporal', 'temporal.db')],
      // Twice the activities per second of a plain file; a kill -9 loses nothing, a power cut at most the last moments.
      ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'],
      ...['--namespace', env.TEMPORAL_NAMESPACE ?? '', '--ip', '127.0.0.1', '--port', String(ports.temporal)],
      ...['--ui-port', String(ports.temporalUi), '--http-port', String(ports.temporalHttp)],
      // The media queue takes turns between owners (docs/adr/0029).
      ...['--dynamic-config-value', 'matching.enableFairness=true'],
      ...['--metrics-port', String(ports.temporalMetrics), '--log-level', 'warn'],
    ],
    // Keeps a person's own CLI profile out.
    env: {
      HOME: join(layout.data, 'temporal'),
      TEMPORAL_CONFIG_FILE: join(layout.data, 'temporal', 'none.toml'),
    },
  }),

  async probe({ ports, env }) {
    const url = `http://127.0.0.1:${ports.temporalHttp}/api/v1/namespaces/${env.TEMPORAL_NAMESPACE}`
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    if (!response.ok) throw new Error(`its namespace answers ${response.status}`)
  },
}
