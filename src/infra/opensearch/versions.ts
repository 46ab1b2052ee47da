import type { Client } from './client.ts'
import { reachable } from './errors.ts'

/** The alias for searches; it points to one index of photo documents. */
export const photosAlias = (prefix: string): string => `${prefix}-photos`
/** The alias of an index that is being built to replace the one that is searched. */
export const nextAlias = (prefix: string): string => `${photosAlias(prefix)}-next`
/** The alias of the index that was searched before, kept for a rollback. */
export const previousAlias = (prefix: string): string => `${photosAlias(prefix)}-previous`

/** The version in the name of an index; 0 for a name of another make. */
export const versionOf = (index: string): number =>
  Number(/-photos-v(\d+)(?:-[a-z0-9]+)?$/.exec(index)?.[1] ?? 0)

/** The indexes of photo documents by what they are for, by name. All of them get every write. */
export interface IndexSet {
  current?: string | undefined
  next?: string | undefined
  previous?: string | undefined
}

/**
 * The indexes as they are now, by their aliases.
 * @throws DarkroomError `unavailable` when OpenSearch is down
 */
export async function findIndexes(client: Client, prefix: string): Promise<IndexSet> {
  const roles = {
    [photosAlias(prefix)]: 'current',
    [nextAlias(prefix)]: 'next',
    [previousAlias(prefix)]: 'previous',
  } as const
  const { body } = await reachable(client.indices.getAlias({ name: Object.keys(roles) }, { ignore: [404] }))
  const found: IndexSet = {}
  for (const [index, value] of Object.entries(body)) {
    // Beside the indexes, an answer about missing aliases has a status and an error.
    const aliases = (value as { aliases?: object } | number | string | null) ?? {}
    if (typeof aliases !== 'object' || !aliases.aliases) continue
    for (const alias of Object.keys(aliases.aliases)) {
      const role = roles[alias]
      if (role) found[role] = index
    }
  }
  return found
}
