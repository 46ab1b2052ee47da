import type { Clients } from '../clients.ts'
import { createOwnWrites } from './own-writes.ts'

/** Paging and read-your-writes. */
export function openLists({ db, redis, breaker }: Clients) {
  return { ownWrites: createOwnWrites({ db, redis, breaker }) }
}
