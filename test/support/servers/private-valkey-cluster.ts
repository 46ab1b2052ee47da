import getPort from 'get-port'
import { expect, vi } from 'vitest'
import { startValkey, type PrivateValkey } from './private-valkey.ts'

export interface ClusterNode extends PrivateValkey {
  /** What the nodes call each other. */
  id: string
  busPort: number
}

/** A Redis Cluster of a test's own, of masters that serve as many slots each. */
export interface PrivateCluster {
  /** As REDIS_URL names it. */
  url: string
  masters: ClusterNode[]
  /** The master that serves a key. All of them are to be up. */
  masterOf(key: string): Promise<ClusterNode>
  /** Resolves with a replica in sync, which takes over only when it is told to. */
  addReplica(master: ClusterNode): Promise<ClusterNode>
  /** Begins to give the slot of a key away to another master. */
  beginMigration(key: string): Promise<SlotMigration>
  close(): Promise<void>
}

interface SlotMigration {
  from: ClusterNode
  to: ClusterNode
  /** Keys that are there, and not on their way already. */
  move(keys: string[]): Promise<void>
  /** Moves what is left, and has all masters know. @returns the keys that it moved */
  finish(): Promise<string[]>
}

const SLOTS = 16_384
/** Well above the pauses of a busy machine; a master that comes back waits so long before it serves again. */
const NODE_TIMEOUT_MS = 1_500
const PATIENCE = { timeout: 20_000, interval: 20 }

export async function startCluster(masterCount: number): Promise<PrivateCluster> {
  const nodes: ClusterNode[] = []
  const masters: ClusterNode[] = []

  async function startNode(more: Record<string, string> = {}): Promise<ClusterNode> {
    const busPort = await getPort()
    const settings = {
      'cluster-enabled': 'yes',
      'cluster-announce-ip': '127.0.0.1',
      'cluster-port': busPort,
      'cluster-node-timeout': NODE_TIMEOUT_MS,
      'cluster-require-full-coverage': 'no',
      ...more,
    }
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
    const server = await startValkey(args)
    const node = { ...server, id: await server.admin.cluster('MYID'), busPort }
    nodes.push(node)
    return node
  }
  async function meet(node: ClusterNode): Promise<void> {
    const { port, busPort } = nodes[0]!
    await node.admin.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort)
  }
  async function untilAllKnowAll(): Promise<void> {
    for (const { admin } of nodes) {
      await vi.waitFor(async () => {
        const info = await admin.cluster('INFO')
        expect(info).toContain(`cluster_known_nodes:${nodes.length}\r`)
        expect(info).toContain(`cluster_slots_ok:${SLOTS}\r`)
        expect(info).toContain('cluster_state:ok')
      }, PATIENCE)
    }
  }
  async function masterOf(key: string): Promise<ClusterNode> {
    for (const master of masters) {
      const slot = await master.admin.cluster('KEYSLOT', key)
      const ranges = await master.admin.cluster('SLOTS')
      const range = ranges.find(([first, last]) => first <= slot && slot <= last)
      if (range?.[2]?.[2] === master.id) return master
    }
    throw new Error(`nobody serves ${key}`)
  }

  async function startMasters(): Promise<void> {
    const firstSlot = (index: number) => Math.floor((index * SLOTS) / masterCount)
    for (let index = 0; index < masterCount; index++) {
      const master = await startNode()
      masters.push(master)
      await master.admin.cluster('SET-CONFIG-EPOCH', index + 1)
      await master.admin.cluster('ADDSLOTSRANGE', firstSlot(index), firstSlot(index + 1) - 1)
      if (index > 0) await meet(master)
    }
    await untilAllKnowAll()
  }
  async function close(): Promise<void> {
    await Promise.all(nodes.map((node) => node.close()))
  }
  try {
    await startMasters()
  } catch (error) {
    await close()
    throw error
  }

  return {
    url: `redis+cluster://${masters.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    masters,
    masterOf,
    async addReplica(master) {
      const replica = await startNode({ 'cluster-replica-no-failover': 'yes' })
      await meet(replica)
      await untilAllKnowAll()
      await replica.admin.cluster('REPLICATE', master.id)
      await vi.waitFor(
        async () => expect(await replica.admin.info('replication')).toContain('master_link_status:up'),
        PATIENCE,
      )
      return replica
    },
    async beginMigration(key) {
      const from = await masterOf(key)
      const to = masters.find((master) => master !== from)!
      const slot = await from.admin.cluster('KEYSLOT', key)
      const setSlot = (on: ClusterNode, ...args: string[]) =>
        on.admin.call('CLUSTER', 'SETSLOT', slot, ...args)
      const move: SlotMigration['move'] = async (keys) => {
        if (keys.length > 0) {
          await from.admin.call('MIGRATE', '127.0.0.1', to.port, '', '0', '5000', 'KEYS', ...keys)
        }
      }
      await setSlot(to, 'IMPORTING', from.id)
      await setSlot(from, 'MIGRATING', to.id)
      return {
        from,
        to,
        move,
        async finish() {
          const left = await from.admin.cluster('GETKEYSINSLOT', slot, 10_000)
          await move(left)
          // The new one first: whoever is sent there is then served.
          for (const master of [to, ...masters.filter((other) => other !== to)]) {
            await setSlot(master, 'NODE', to.id)
          }
          return left
        },
      }
    },
    close,
  }
}
