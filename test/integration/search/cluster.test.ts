import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { foundIn } from '../../../src/contracts/search-reindex.ts'
import { DarkroomError } from '../../../src/domain/errors.ts'
import { loadConfig } from '../../../src/config/config.ts'
import { openDatabase, type Database } from '../../../src/infra/db/database.ts'
import { createIndexBuilds } from '../../../src/infra/opensearch/builds.ts'
import { openSearchClient, type Client } from '../../../src/infra/opensearch/client.ts'
import { storedDocuments } from '../../../src/infra/opensearch/documents.ts'
import { INDEX_VERSION } from '../../../src/infra/opensearch/mapping.ts'
import { createPhotoIndex, writerOf } from '../../../src/infra/opensearch/photo-index.ts'
import { ensureSearchIndex } from '../../../src/infra/opensearch/setup.ts'
import { createReindexer } from '../../../src/services/search/reindex.ts'
import { createSearchIndex } from '../../../src/services/search/search-index.ts'
import { ensureStack } from '../../../stack/install/install.ts'
import { startProcess, stopProcess, type ProcessId } from '../../../stack/instance/process.ts'
import { opensearch } from '../../../stack/servers/opensearch.ts'
import type { ServerContext } from '../../../stack/servers/server.ts'
import { buildUser } from '../../support/factories/accounts.ts'
import { buildPhoto, editPhoto } from '../../support/factories/photos.ts'

const NODES = 3
const PHOTOS = 400
const prefix = 'cluster'
/** For calls that wait for shards. */
const PATIENT = { requestTimeout: 70_000 }

interface Node {
  name: string
  process: ProcessId
  client: Client
}

/** Takes 2.5 GB of memory and two to three minutes, so only `DARKROOM_SEARCH_CLUSTER=1 npm test -- test/integration/search/cluster` runs it. */
describe.runIf(process.env.DARKROOM_SEARCH_CLUSTER)('a cluster of three nodes', { timeout: 300_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'darkroom-cluster-'))
  let nodes: Node[] = []
  let db: Database

  beforeAll(async () => {
    db = await openDatabase({
      url: loadConfig().DATABASE_URL,
      poolSize: 4,
      statementTimeoutMs: 15_000,
      applicationName: 'cluster-test',
    })
    nodes = await startNodes(dir)
  }, 300_000)
  afterAll(async () => {
    for (const { client, process } of nodes) {
      await client.close()
      await stopProcess(process, 'SIGKILL', 5_000)
    }
    await db?.close()
    rmSync(dir, { recursive: true, force: true })
  })

  it('loses nothing when a node is killed during a reindex', async () => {
    await ensureSearchIndex(nodes[0]!.client, prefix)
    const owner = await buildUser(db)
    const photos: string[] = []
    for (let at = 0; at < PHOTOS; at++)
      photos.push((await buildPhoto(db, owner.userId, { status: 'ready', caption: `number ${at}` })).photoId)

    const { index } = await reindexerOf(nodes[0]!.client, db).begin('a', INDEX_VERSION)
    await nodes[0]!.client.cluster.health({ index, wait_for_status: 'green', timeout: '60s' }, PATIENT)
    // The node with the first copy of the new shard dies; another one is asked.
    const holder = await holderOf(nodes[0]!.client, index)
    const victim = nodes.find(({ name }) => name === holder)!
    const client = nodes.find((node) => node !== victim)!.client
    const reindexer = reindexerOf(client, db)
    const searchIndex = createSearchIndex({ index: createPhotoIndex(client, prefix), primary: db.primary })

    const { signal } = new AbortController()
    let after: string | null = null
    let slices = 0
    for (let isAtEnd = false; !isAtEnd; slices++) {
      if (slices === 3) await stopProcess(victim.process, 'SIGKILL', 5_000)
      const slice = await persistently(() =>
        reindexer.copy(
          { index, after, maxDocuments: 50 },
          { maxMs: 5_000, onReached: () => undefined, signal },
        ),
      )
      after = slice.after
      isAtEnd = slice.isAtEnd
      const edited = photos[slices]!
      await editPhoto(db, edited, { caption: `edited ${slices}` })
      await persistently(() => searchIndex.indexPhoto(edited))
    }
    const { tally, isAtEnd } = await persistently(() =>
      reindexer.compare({ index, after: null }, 60_000, signal),
    )
    expect(isAtEnd).toBe(true)
    expect(tally.compared).toBe(PHOTOS)
    expect(foundIn(tally)).toBe(0)
    await persistently(() => reindexer.swap(index))
    expect(await storedDocuments(client, `${prefix}-photos`).count()).toBe(PHOTOS)
    const documents = await storedDocuments(client, index).of(photos.slice(0, slices))
    expect(documents.every(({ caption }) => caption?.startsWith('edited'))).toBe(true)

    // The two that are left have a copy each again.
    const { body } = await client.cluster.health({ index, wait_for_status: 'green', timeout: '60s' }, PATIENT)
    expect(body).toMatchObject({ status: 'green', number_of_nodes: NODES - 1, active_shards: 2 })
  })
})

const reindexerOf = (client: Client, db: Database) =>
  createReindexer({
    primary: db.primary,
    index: createPhotoIndex(client, prefix),
    builds: createIndexBuilds(client, prefix, 0),
    only: (name) => writerOf(client, name),
    documentsOf: (name) => storedDocuments(client, name),
  })

async function holderOf(client: Client, index: string): Promise<string> {
  const { body } = await client.cluster.state({ index, metric: ['nodes', 'routing_table'] })
  const { nodes, routing_table: table } = body as unknown as {
    nodes: Record<string, { name: string }>
    routing_table: {
      indices: Record<string, { shards: Record<string, { primary: boolean; node: string }[]> }>
    }
  }
  const copies = Object.values(table.indices[index]!.shards).flat()
  return nodes[copies.find(({ primary }) => primary)!.node]!.name
}

/** As the policy of the steps does: OpenSearch may be away for as long as it takes to choose another. */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 120_000
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const passes = error instanceof DarkroomError && error.code === 'unavailable'
      if (!passes || performance.now() > deadline) throw error
      await delay(500)
    }
  }
}

async function startNodes(dir: string): Promise<Node[]> {
  const stack = await ensureStack(() => undefined)
  const names = Array.from({ length: NODES }, (_, at) => `node-${at + 1}`)
  const ports = await Promise.all(
    names.map(async () => ({ http: await freePort(), transport: await freePort() })),
  )
  const nodes = await Promise.all(
    names.map(async (name, at) => {
      const context = {
        layout: { data: join(dir, name) },
        ports: { opensearch: ports[at]!.http, opensearchTransport: ports[at]!.transport },
        stack,
        report: () => undefined,
      } as unknown as ServerContext
      await opensearch.prepare(context)
      const file = join(dir, name, 'opensearch', 'config', 'opensearch.yml')
      const settings = {
        'node.name': name,
        'discovery.seed_hosts': ports.map(({ transport }) => `127.0.0.1:${transport}`),
        'cluster.initial_cluster_manager_nodes': names,
      }
      const kept = readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => !/^(node\.name|discovery\.type):/.test(line))
      const lines = Object.entries(settings).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
      writeFileSync(file, [...kept, ...lines].join('\n'))
      const process = await startProcess(opensearch.command(context), join(dir, name, 'log'), 'KILL')
      return { name, process, client: openSearchClient(`http://127.0.0.1:${ports[at]!.http}`) }
    }),
  )
  const deadline = performance.now() + 240_000
  const size = () =>
    nodes[0]!.client.cluster.health({}).then(
      ({ body }) => body.number_of_nodes,
      () => 0,
    )
  while ((await size()) < NODES) {
    if (performance.now() > deadline) throw new Error('the nodes have not found each other within 4 minutes')
    await delay(500)
  }
  return nodes
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
