import type { Clients } from '../clients.ts'
import { createListReads } from './list-read.ts'
import { createOwnWrites } from './own-writes.ts'

/** Paging and read-your-writes. */
export function openLists({ config, db, redis, breaker }: Clients) {
  const ownWrites = createOwnWrites({ db, redis, breaker })
  return { ownWrites, lists: createListReads({ ownWrites, cursorSecret: config.CURSOR_SECRET }) }
}
