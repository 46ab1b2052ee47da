import type { openAccounts } from '../accounts/module.ts'
import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import { createDeactivate } from './deactivate.ts'

/** How people leave, for a while or for good. */
export function openLeaving(
  { db }: Clients,
  { sessions }: Pick<ReturnType<typeof openAccounts>, 'sessions'>,
  { outbox }: Delivery,
) {
  return { deactivate: createDeactivate({ db, outbox, sessions }) }
}
