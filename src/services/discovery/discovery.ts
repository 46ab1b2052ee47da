import type { Account } from '../accounts/accounts.ts'
import type { ListRead, Page, Reader } from '../lists/list-read.ts'
import type { PhotoCard } from '../photos/photo-cards.ts'
import type { Search } from '../search/search.ts'
import { readExplore } from './explore.ts'
import { searchAccounts } from './search-accounts.ts'
import { readSimilar } from './similar-photos.ts'
import { suggest, type Suggestions } from './suggestions.ts'
import { readTrending, type TrendingTag } from './trending.ts'

export interface Discovery {
  /** Accounts by their names. @throws DarkroomError bad_cursor */
  accounts(list: ListRead, text: string): Promise<Page<Account>>
  /** Tags that many use at present. @throws DarkroomError bad_cursor or cursor_expired */
  trending(list: ListRead): Promise<Page<TrendingTag>>
  /** Popular public photos. @throws DarkroomError bad_cursor or cursor_expired */
  explore(list: ListRead): Promise<Page<PhotoCard>>
  /** Photos that look like one that the viewer sees. */
  similar: typeof readSimilar
  /** For a search that is being typed. @throws DarkroomError `unavailable` with OpenSearch down */
  suggest(reader: Reader, typed: string): Promise<Suggestions>
}

export function createDiscovery(search: Pick<Search, 'suggestValues'>): Discovery {
  return {
    accounts: searchAccounts,
    trending: readTrending,
    explore: readExplore,
    similar: readSimilar,
    suggest: (reader, typed) => suggest(search, reader, typed),
  }
}
