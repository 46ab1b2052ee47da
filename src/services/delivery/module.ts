import type { Clients } from '../clients.ts'
import { createOutbox } from './outbox.ts'
import { createWorkflowStarts } from './workflow-starts.ts'

/** Delivers to Temporal what committed changes owe to it. */
export function openDelivery(clients: Clients) {
  const { db, temporal, logger } = clients
  const outbox = createOutbox({ db, temporal, logger })
  clients.beforeClosing(() => outbox.settled())
  return {
    outbox,
    starts: createWorkflowStarts(temporal),
    /** The relay: delivers the messages that requests left behind, until the signal aborts. */
    background: (signal: AbortSignal) => outbox.runRelay(signal),
  }
}

export type Delivery = ReturnType<typeof openDelivery>
