import { join } from 'node:path'
import { renderEdgeConfig } from '../edge/config.ts'
import { dataFolder, ensureFolder } from './data-folder.ts'
import type { Server } from './server.ts'

export const edge: Server = {
  name: 'edge',
  needs: [],
  ports: ['edge', 'edgeAdmin'],
  readyTimeoutMs: 20_000,
  stopSignal: 'SIGTERM',
  stopGraceMs: 5_000,
  orphanSignal: 'TERM',

  async prepare(context) {
    const { env, ports } = context
    await renderEdgeConfig({
      directory: ensureFolder(dataFolder(context, 'edge')),
      listenPort: ports.edge,
      adminPort: ports.edgeAdmin,
      origin: {
        endpoint: env.S3_ENDPOINT ?? '',
        region: env.S3_REGION ?? '',
        bucket: env.S3_BUCKET ?? '',
        accessKeyId: env.EDGE_S3_ACCESS_KEY_ID ?? '',
        secretAccessKey: env.EDGE_S3_SECRET_ACCESS_KEY ?? '',
      },
      signingKey: env.CDN_SIGNING_KEY ?? '',
      purgeToken: env.CDN_PURGE_TOKEN ?? '',
      errorLogPath: join(context.layout.logs, 'edge-error.log'),
      accessLogPath: join(context.layout.logs, 'edge-access.log'),
      // nginx runs in a user namespace, where its master is not root.
      workerUser: null,
    })
  },

  command(context) {
    const folder = dataFolder(context, 'edge')
    return {
      account: 'nobody' as const,
      file: context.stack.nginx,
      args: ['-p', folder, '-c', join(folder, 'nginx.conf')],
    }
  },

  async probe({ ports }) {
    const response = await fetch(`http://127.0.0.1:${ports.edgeAdmin}/_edge/health`, {
      signal: AbortSignal.timeout(2_000),
    })
    if (!response.ok) throw new Error(`its health answers ${response.status}`)
  },
}
