import { Cluster, Redis } from 'ioredis'

export type RedisClient = Redis | Cluster

const COMMAND_TIMEOUT_MS = 1_000
const CONNECT_TIMEOUT_MS = 2_000

/**
 * Connects to Redis or Valkey in the background: `redis://host:port` standalone, `redis+cluster://host:port,host:port`
 * a cluster (`rediss` for TLS). A command fails within a second when the server is down: all that Redis holds can be
 * derived again, so callers fall back.
 */
export function openRedis(url: string): RedisClient {
  const client = url.includes('+cluster://') ? openCluster(url) : new Redis(url, connectionOptions())
  // ioredis reconnects by itself; a failing command tells its caller. Without a listener each attempt is printed.
  client.on('error', () => {})
  return client
}

function openCluster(url: string): Cluster {
  const { protocol, username, password, nodes } = parseClusterUrl(url)
  const cluster = new Cluster(nodes, {
    redisOptions: {
      ...connectionOptions(),
      ...(username ? { username } : {}),
      ...(password ? { password } : {}),
      ...(protocol === 'rediss+cluster:' ? { tls: {} } : {}),
    },
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    // The default (100 ms, 16 times) outlasts the command's own timeout while a slot migrates.
    retryDelayOnTryAgain: 20,
    enableOfflineQueue: true,
  })
  cluster.on('+node', handleAsking)
  return cluster
}

/**
 * The client sends ASKING before what a slot on its way redirects, and leaves its promise to nobody: rejected, as by a node
 * that dies, it would end the process. The command behind it fails too, and tells its caller.
 */
function handleAsking(node: Redis): void {
  const asking = node.asking.bind(node)
  node.asking = () => asking().catch(() => 'OK')
}

function parseClusterUrl(url: string) {
  const [first, ...rest] = url.split(',')
  const { protocol, username, password, hostname, port } = new URL(first!)
  const others = rest.map((node) => new URL(`redis://${node}`))
  return {
    protocol,
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
    nodes: [{ hostname, port }, ...others].map((node) => ({
      host: node.hostname,
      port: Number(node.port || 6379),
    })),
  }
}

function connectionOptions() {
  return {
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt: number) => Math.min(attempt * 100, 2_000),
  }
}
