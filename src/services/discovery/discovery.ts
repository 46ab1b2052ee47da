import type { Account } from '../accounts/accounts.ts'
import type { ListRead, Page } from '../lists/list-read.ts'
import type { PhotoCard } from '../photos/photo-cards.ts'
import { readExplore } from './explore.ts'
import { searchAccounts } from './search-accounts.ts'
import { readTrending, type TrendingTag } from './trending.ts'

export interface Discovery {
  /** Accounts by their names. @throws DarkroomError bad_cursor */
  accounts(list: ListRead, text: string): Promise<Page<Account>>
  /** Tags that many use at present. @throws DarkroomError bad_cursor or cursor_expired */
  trending(list: ListRead): Promise<Page<TrendingTag>>
  /** Popular public photos. @throws DarkroomError bad_cursor or cursor_expired */
  explore(list: ListRead): Promise<Page<PhotoCard>>
}

export function createDiscovery(): Discovery {
  return { accounts: searchAccounts, trending: readTrending, explore: readExplore }
}
