import type { Account } from '../accounts/accounts.ts'
import type { ListRead, Page } from '../lists/list-read.ts'
import { searchAccounts } from './search-accounts.ts'

export interface Discovery {
  /** Accounts by their names. @throws DarkroomError bad_cursor */
  accounts(list: ListRead, text: string): Promise<Page<Account>>
}

export function createDiscovery(): Discovery {
  return { accounts: searchAccounts }
}
