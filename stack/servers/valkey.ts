import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { dataFolder, ensureFolder } from './data-folder.ts'
import type { Server, ServerContext } from './server.ts'

/** All hash slots of a cluster, on the one node, so that the code meets cluster rules from the first day. */
const slots = { first: 0, last: 16_383 }

export const valkey: Server = {
  name: 'valkey',
  needs: [],
  ports: ['valkey', 'valkeyBus'],
  readyTimeoutMs: 20_000,
  stopSignal: 'SIGTERM',
  stopGraceMs: 5_000,
  orphanSignal: 'TERM',

  async prepare(context) {
    const folder = ensureFolder(dataFolder(context, 'valkey'))
    const lines = [
      'bind 127.0.0.1',
      `port ${context.ports.valkey}`,
      `dir "${folder}"`,
      'daemonize no',
      'cluster-enabled yes',
      'cluster-config-file nodes.conf',
      // Without an address to announce, cluster clients get an empty host and hang.
      'cluster-announce-ip 127.0.0.1',
      `cluster-port ${context.ports.valkeyBus}`,
      // A single node must not wait for a quorum after a restart.
      'cluster-require-full-coverage no',
      'maxmemory 256mb',
      // Feed heads and rate limits all have a TTL and can be rebuilt.
      'maxmemory-policy volatile-lru',
      'zset-max-listpack-entries 256',
      'zset-max-listpack-value 64',
      context.durable ? 'save 60 1000' : 'save ""',
      'appendonly no',
    ]
    writeFileSync(join(context.layout.data, 'valkey.conf'), `${lines.join('\n')}\n`, { mode: 0o600 })
  },

  command: (context) => ({
    account: 'nobody' as const,
    file: context.stack.valkeyServer,
    args: [join(context.layout.data, 'valkey.conf')],
  }),

  async probe(context) {
    await withClient(context, async (client) => {
      const ranges = (await client.call('CLUSTER', 'SLOTS')) as unknown[]
      if (ranges.length === 0) await client.call('CLUSTER', 'ADDSLOTSRANGE', slots.first, slots.last)
      const info = (await client.call('CLUSTER', 'INFO')) as string
      if (!info.includes('cluster_state:ok')) throw new Error('the cluster state is not ok yet')
    })
  },
}

async function withClient(context: ServerContext, work: (client: Redis) => Promise<void>): Promise<void> {
  const client = new Redis({
    host: '127.0.0.1',
    port: context.ports.valkey,
    lazyConnect: true,
    connectTimeout: 2_000,
    retryStrategy: () => null,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await work(client)
  } finally {
    client.disconnect()
  }
}
