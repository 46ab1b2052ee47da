import { MAX_ITEMS } from '../../domain/limits.ts'
import type { Account } from '../accounts/accounts.ts'
import { beginningOf, type Reader } from '../lists/list-read.ts'
import type { Search } from '../search/search.ts'
import type { SuggestedValues } from '../search/suggested-values.ts'
import { searchAccounts } from './search-accounts.ts'

/** What someone may be about to type; at most MAX_ITEMS.suggestions of each kind. */
export interface Suggestions extends SuggestedValues {
  users: Account[]
}

/**
 * Tags, accounts and places for a search that is being typed: with `#` in front only tags, with `@` only accounts.
 * @throws DarkroomError `unavailable` with OpenSearch down
 */
export async function suggest(
  search: Pick<Search, 'suggestValues'>,
  reader: Reader,
  typed: string,
): Promise<Suggestions> {
  const start = typed.trimStart()
  const [values, accounts] = await Promise.all([
    start.startsWith('@') ? { tags: [], places: [] } : search.suggestValues(reader, typed),
    start.startsWith('#')
      ? { items: [] }
      : searchAccounts(beginningOf(reader, MAX_ITEMS.suggestions), typed, { recommended: true }),
  ])
  return { ...values, users: accounts.items }
}
