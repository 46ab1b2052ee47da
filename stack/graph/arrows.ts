/** One import: `from` and `to` are paths in the checkout. */
export interface Import {
  from: string
  to: string
  typeOnly: boolean
}

/** `[from, to]`: a folder that imports another. */
export type Arrow = readonly [from: string, to: string]

/**
 * The imports between folders, each pair once, those that import most first: importers stand before what they import.
 * @param folder its first group is the name of the folder that a path is in; paths that do not match are left out
 * @throws if the folders import each other in a circle, so that no order exists
 */
export function arrowsBetween(imports: readonly Import[], folder: RegExp): Arrow[] {
  const targets = new Map<string, Set<string>>()
  for (const { from, to } of imports) {
    const [importer, imported] = [from, to].map((path) => folder.exec(path)?.[1])
    if (!importer || !imported || importer === imported) continue
    targets.set(importer, (targets.get(importer) ?? new Set()).add(imported))
  }
  const order = inOrder(targets)
  return order.flatMap((from) =>
    [...(targets.get(from) ?? [])]
      .sort((a, b) => order.indexOf(a) - order.indexOf(b))
      .map((to) => [from, to] as const),
  )
}

/** The arrows as a Mermaid diagram, which code hosts draw. */
export function drawGraph(arrows: readonly Arrow[]): string {
  return ['```mermaid', 'flowchart TD', ...arrows.map(([from, to]) => `  ${from} --> ${to}`), '```'].join(
    '\n',
  )
}

/** Importers before what they import; where the order is free, by name. */
function inOrder(targets: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const left = new Set([...targets.keys(), ...[...targets.values()].flatMap((set) => [...set])])
  const order: string[] = []
  while (left.size > 0) {
    const importedByOthers = new Set([...left].flatMap((name) => [...(targets.get(name) ?? [])]))
    const next = [...left].filter((name) => !importedByOthers.has(name)).sort()
    if (next.length === 0) throw new Error(`a circle of imports among: ${[...left].sort().join(', ')}`)
    for (const name of next) left.delete(name)
    order.push(...next)
  }
  return order
}
