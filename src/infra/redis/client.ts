import { Cluster, Redis } from 'ioredis'

export type RedisClient = Redis | Cluster

const COMMAND_TIMEOUT_MS = 1_000
const CONNECT_TIMEOUT_MS = 2_000

/**
 * Connects to Redis or Valkey in the background: `redis://host:port` standalone, `redis+cluster://host:port,host:port`
 * a cluster (`rediss` for TLS). A command fails within a second when the server is down; callers then do without,
 * because all that Redis holds can be derived again.
 */
export function openRedis(url: string): RedisClient {
  const client = url.includes('+cluster://') ? openCluster(url) : new Redis(url, connectionOptions())
  // ioredis reconnects by itself, and a command that fails reports to its caller. Without a listener it prints every
  // attempt.
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
    // While a slot migrates, the default (100 ms, 16 times) outlasts the timeout of the command.
    retryDelayOnTryAgain: 20,
    enableOfflineQueue: true,
  })
  cluster.on('+node', handleAsking)
  return cluster
}

/**
 * ioredis sends ASKING before a command that a migrating slot redirects, and nobody awaits its promise: a rejection, as
 * from a node that dies, would end the process. The redirected command fails too, and its caller is told.
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
