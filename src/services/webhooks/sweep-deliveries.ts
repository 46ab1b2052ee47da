import type { Sweep } from '../../contracts/housekeeping.ts'
import type { Query } from '../../infra/db/database.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'

// Plan: webhook_deliveries_queued_at_idx. After a day none is tried any more, whatever its state says.
const SWEEP = `
  DELETE FROM webhook_deliveries WHERE delivery_id IN (
    SELECT delivery_id FROM webhook_deliveries WHERE queued_at < now() - interval '7 days' LIMIT $1)
  RETURNING 1`

export const sweepDeliveries = (primary: Query): Sweep => ({
  name: 'webhookDeliveries',
  summary: 'Delete deliveries to webhooks after 7 days',
  run: (signal) => deleteInBatches(primary, SWEEP, signal),
})
