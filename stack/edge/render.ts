/**
 * Writes an edge's configuration from environment variables, for containers whose image starts nginx itself.
 *
 *   EDGE_DIR=/edge EDGE_LISTEN_PORT=8080 … node stack/edge/render.ts   and then   nginx -p /edge -c /edge/nginx.conf
 *
 * Both must run as the same account: the files are readable by their owner only.
 */
import { renderEdgeConfig } from './config.ts'

const options = {
  directory: required('EDGE_DIR'),
  listenHost: process.env.EDGE_LISTEN_HOST || '0.0.0.0',
  listenPort: Number(process.env.EDGE_LISTEN_PORT || '8080'),
  adminHost: process.env.EDGE_ADMIN_HOST || '127.0.0.1',
  adminPort: Number(process.env.EDGE_ADMIN_PORT || '8081'),
  origin: {
    endpoint: required('S3_ENDPOINT'),
    region: required('S3_REGION'),
    bucket: required('S3_BUCKET'),
    accessKeyId: required('EDGE_S3_ACCESS_KEY_ID'),
    secretAccessKey: required('EDGE_S3_SECRET_ACCESS_KEY'),
  },
  signingKey: required('CDN_SIGNING_KEY'),
  purgeToken: required('CDN_PURGE_TOKEN'),
  workerUser: process.env.EDGE_WORKER_USER || null,
  accessLogPath: process.env.EDGE_ACCESS_LOG || '/dev/stdout',
  errorLogPath: process.env.EDGE_ERROR_LOG || '/dev/stderr',
  ...(process.env.EDGE_CACHE_MAX_BYTES && { cacheMaxBytes: Number(process.env.EDGE_CACHE_MAX_BYTES) }),
  ...(process.env.EDGE_CACHE_DIR && { cacheDirectory: process.env.EDGE_CACHE_DIR }),
  ...(process.env.EDGE_SHARED_CACHE_SECONDS && {
    sharedSeconds: Number(process.env.EDGE_SHARED_CACHE_SECONDS),
  }),
  ...(process.env.EDGE_REQUESTS_PER_SECOND && {
    requestsPerSecond: Number(process.env.EDGE_REQUESTS_PER_SECOND),
  }),
  ...(process.env.EDGE_CONNECTIONS_PER_CLIENT && {
    connectionsPerClient: Number(process.env.EDGE_CONNECTIONS_PER_CLIENT),
  }),
  ...(process.env.EDGE_UNLIMITED_FROM && { unlimitedFrom: process.env.EDGE_UNLIMITED_FROM.split(',') }),
  ...(process.env.EDGE_JS_MODULE && { jsModulePath: process.env.EDGE_JS_MODULE }),
}

const { configPath, args } = await renderEdgeConfig(options)
console.log(`Wrote ${configPath}. Start with: nginx ${args.join(' ')}`)

function required(name: string): string {
  const value = process.env[name]
  if (!value) {
    console.error(`Set ${name}.`)
    process.exit(1)
  }
  return value
}
