import { Counter, Gauge } from 'prom-client'
import type { OutboxKind } from '../contracts/outbox.ts'

/** Messages that can never be delivered; an operator looks into the rows where `parked_at` is set. */
export const outboxParked = new Counter({
  name: 'darkroom_outbox_parked_total',
  help: 'Outbox messages set aside because they can never succeed',
  labelNames: ['kind'] as const,
})

// A series that begins with its first parked message shows no increase: it has to be there before.
const kinds: Record<OutboxKind, true> = { uploadOpened: true, originalArrived: true, photoChanged: true }
for (const kind of Object.keys(kinds)) outboxParked.inc({ kind }, 0)

export const outboxDelivered = new Counter({
  name: 'darkroom_outbox_delivered_total',
  help: 'Outbox messages handed to Temporal, by who did it',
  labelNames: ['kind', 'by'] as const,
})

export const outboxFailures = new Counter({
  name: 'darkroom_outbox_failures_total',
  help: 'Attempts to hand an outbox message to Temporal that failed and will be repeated',
  labelNames: ['kind', 'by'] as const,
})

export const outboxOldestSeconds = new Gauge({
  name: 'darkroom_outbox_oldest_seconds',
  help: 'Age of the oldest message that the relay met in its last batch; 0 when there was none',
})
