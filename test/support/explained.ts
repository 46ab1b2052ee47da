import type { Query, Statement } from '../../src/infra/db/database.ts'

/** What EXPLAIN (FORMAT JSON) says of a node. */
interface Node {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: Node[]
}

/** How a statement was executed. */
export interface Explained {
  statement: string
  /** Tables that were read from end to end. */
  scanned: string[]
  /** Indexes that were read, and how many of their entries. */
  indexes: Record<string, number>
  /** Pages of tables and indexes. */
  pages: number
  ms: number
}

/**
 * Notes how each statement is executed that runs through the returned query, which returns its rows as well. A statement that
 * writes is undone in between.
 * @param query in a transaction
 */
export function explaining(query: Query): { query: Query; plans: Explained[] } {
  const plans: Explained[] = []
  return {
    plans,
    query: async (statement) => {
      plans.push(await explain(query, statement))
      return query(statement)
    },
  }
}

async function explain(query: Query, { text, values = [] }: Statement): Promise<Explained> {
  await query({ text: 'SAVEPOINT explained' })
  const [row] = await query<{ 'QUERY PLAN': [{ Plan: Node; 'Execution Time': number }] }>({
    text: `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`,
    values,
  })
  await query({ text: 'ROLLBACK TO SAVEPOINT explained' })
  const [{ Plan: plan, 'Execution Time': ms }] = row!['QUERY PLAN']
  const nodes = nodesOf(plan)
  const indexes: Record<string, number> = {}
  for (const node of nodes) {
    const name = node['Index Name']
    if (name !== undefined) indexes[name] = (indexes[name] ?? 0) + entriesOf(node)
  }
  return {
    statement: text.trim(),
    scanned: nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name']!),
    indexes,
    pages: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'],
    ms,
  }
}

const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

const entriesOf = (node: Node) =>
  Math.round((node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'])
