import { wordsOfAccount } from '../../domain/account-names.ts'
import type { UserId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'

interface Names {
  userId: UserId
  username: string
  displayName: string | null
}

// Plan: the account's at most 24 rows of account_names_pkey, and its at most 16 of user_counters_pkey.
const REPLACE = `
  WITH gone AS (DELETE FROM account_names WHERE user_id = $1 AND word <> ALL ($2::text[]))
  INSERT INTO account_names (user_id, word, reach)
  SELECT $1, word, coalesce(
    (SELECT reach_of(sum(c.followers)::bigint) FROM user_counters c WHERE c.user_id = $1), 0)
  FROM unnest($2::text[]) word ORDER BY word ON CONFLICT DO NOTHING`

/** Makes the account found by these names and no others. The transaction has made or locked the account. */
export async function writeNames(tx: Transaction, { userId, username, displayName }: Names): Promise<void> {
  await tx.query({
    name: 'write-names',
    text: REPLACE,
    values: [userId, wordsOfAccount(username, displayName)],
  })
}
