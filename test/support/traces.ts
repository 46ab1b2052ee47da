import type { ApiWorld } from './worlds/api-world.ts'
import type { PrivateEdge } from './servers/private-edge.ts'
import type { ObjectStore } from '../../src/infra/s3/object-store.ts'

export interface Searched {
  world: Pick<ApiWorld, 'db' | 'api'>
  objects: Pick<ObjectStore, 'list' | 'presignGet'>
  edges: readonly PrivateEdge[]
  /** Objects that are older are of others. */
  since: Date
}

/** Where one of these words is found: in every row of Postgres as text, and every key and value of the other stores. */
export async function tracesOf(words: readonly string[], searched: Searched): Promise<string[]> {
  const [inPostgres, inRedis, inOpenSearch, inBucket, inEdges] = await Promise.all([
    searchPostgres(words, searched),
    searchRedis(words, searched),
    searchOpenSearch(words, searched),
    searchBucket(words, searched),
    searchEdges(words, searched),
  ])
  return [...inPostgres, ...inRedis, ...inOpenSearch, ...inBucket, ...inEdges]
}

const has = (words: readonly string[], text: string) =>
  words.some((word) => text.toLowerCase().includes(word.toLowerCase()))

async function searchPostgres(words: readonly string[], { world: { db } }: Searched): Promise<string[]> {
  const tables = await db.primary<{ name: string }>({
    text: `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
  })
  // As text, and as bytes.
  const patterns = words.flatMap((word) => [`%${word}%`, `%${Buffer.from(word).toString('hex')}%`])
  const found: string[] = []
  for (const { name } of tables) {
    const rows = await db.primary<{ row: string }>({
      text: `SELECT t::text AS row FROM "${name}" t WHERE t::text ILIKE ANY ($1::text[]) LIMIT 3`,
      values: [patterns],
    })
    found.push(...rows.map(({ row }) => `postgres ${name}: ${row}`))
  }
  return found
}

async function searchRedis(words: readonly string[], { world }: Searched): Promise<string[]> {
  const { redis } = world.api.clients
  const client = redis as unknown as {
    scan(cursor: string, ...args: (string | number)[]): Promise<[string, string[]]>
    dump?: unknown
    dumpBuffer(key: string): Promise<Buffer | null>
  }
  const found: string[] = []
  for (let cursor = ''; cursor !== '0';) {
    const [next, keys] = await client.scan(cursor || '0', 'COUNT', 1_000)
    cursor = next
    for (const key of keys) {
      if (has(words, key)) found.push(`redis key ${key}`)
      const value = await client.dumpBuffer(key)
      if (value && has(words, value.toString('latin1'))) found.push(`redis value of ${key}`)
    }
  }
  return found
}

async function searchOpenSearch(words: readonly string[], { world }: Searched): Promise<string[]> {
  const { openSearch, config } = world.api.clients
  const index = `${config.OPENSEARCH_INDEX_PREFIX}-*`
  await openSearch.indices.refresh({ index })
  const found: string[] = []
  let after: unknown[] | undefined
  for (;;) {
    const { body } = await openSearch.search({
      index,
      body: {
        size: 500,
        sort: [{ photoId: 'asc' }],
        query: { match_all: {} },
        ...(after ? { search_after: after as string[] } : {}),
      },
    })
    const { hits } = body.hits as { hits: { _id: string; _source: unknown; sort: unknown[] }[] }
    for (const hit of hits) if (has(words, JSON.stringify(hit._source))) found.push(`opensearch ${hit._id}`)
    if (hits.length < 500) return found
    after = hits.at(-1)!.sort
  }
}

async function searchBucket(words: readonly string[], { objects, since }: Searched): Promise<string[]> {
  const found: string[] = []
  for await (const { key, lastModified } of objects.list('')) {
    if (has(words, key)) found.push(`bucket key ${key}`)
    if (lastModified.getTime() < since.getTime() - 1_000) continue
    const { url } = await objects.presignGet(key, 60)
    const response = await fetch(url)
    const bytes = Buffer.from(await response.arrayBuffer())
    if (response.ok && has(words, bytes.toString('latin1'))) found.push(`bytes of ${key}`)
  }
  return found
}

async function searchEdges(words: readonly string[], { edges }: Searched): Promise<string[]> {
  const found: string[] = []
  for (const edge of edges) {
    for (const text of await edge.cached())
      if (has(words, text)) found.push(`cached at ${edge.url}: ${text.slice(0, 300)}`)
    if (has(words, await edge.logs())) found.push(`log of ${edge.url}`)
  }
  return found
}
