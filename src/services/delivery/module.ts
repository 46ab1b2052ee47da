import type { Clients } from '../clients.ts'
import { createOutbox } from './outbox.ts'
import { createWorkflowStarts } from './workflow-starts.ts'

/** What committed changes owe to Temporal. */
export function openDelivery({ db, temporal, logger }: Clients) {
  const outbox = createOutbox({ db, temporal, logger })
  return {
    outbox,
    starts: createWorkflowStarts(temporal),
    /** The relay: delivers what requests left behind, until the signal aborts. */
    background: (signal: AbortSignal) => outbox.runRelay(signal),
  }
}

export type Delivery = ReturnType<typeof openDelivery>
