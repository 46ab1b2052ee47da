import { usernameSkeleton } from '../../domain/usernames.ts'
import type { Query } from '../../infra/db/database.ts'
import { createNameDigest } from './name-digest.ts'

/** The names of accounts that were erased, which nobody takes for a while. */
export interface ReservedNames {
  /** What is kept of a name: whoever has the database alone cannot tell which one it was. Alike for all that look alike. */
  digest(username: string): Buffer
  isReserved(query: Query, username: string): Promise<boolean>
}

/** @param keys those of access tokens; the first digests, all are asked, as long as they are kept */
export function createReservedNames(keys: readonly { secret: Uint8Array }[]): ReservedNames {
  const digests = keys.map(({ secret }) => {
    const digest = createNameDigest(secret, 'darkroom erased names')
    return (username: string) => digest(usernameSkeleton(username))
  })
  return {
    digest: (username) => digests[0]!(username),
    async isReserved(query, username) {
      // Plan: reserved_usernames_pkey.
      const rows = await query({
        name: 'username-reserved',
        text: 'SELECT FROM reserved_usernames WHERE name_hash = ANY ($1::bytea[]) AND until > now()',
        values: [digests.map((digest) => digest(username))],
      })
      return rows.length > 0
    },
  }
}
