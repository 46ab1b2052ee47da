import { Counter, Gauge } from 'prom-client'
import type { OutboxKind } from '../contracts/outbox.ts'
import type { Logger } from './logger.ts'

/** The sender of a message: the request that wrote it, or the relay later on. */
type DeliveredBy = 'request' | 'relay'

/** The facts about a message in events. */
export interface AboutMessage {
  outboxId: string
  kind: string
  attempts: number
}

const parked = new Counter({
  name: 'darkroom_outbox_parked_total',
  help: 'Outbox messages set aside because they can never succeed',
  labelNames: ['kind'] as const,
})

// A series that started with its first parked message would show no increase, so start it at 0.
const kinds: Record<OutboxKind, true> = {
  uploadOpened: true,
  originalArrived: true,
  photoChanged: true,
  accountChanged: true,
  audienceNarrowed: true,
  linkChanged: true,
  restoreRequested: true,
  caseChanged: true,
  standingChanged: true,
  deliveryAdmitted: true,
  avatarChanged: true,
  exportChanged: true,
  erasureChanged: true,
}
for (const kind of Object.keys(kinds)) parked.inc({ kind }, 0)

const delivered = new Counter({
  name: 'darkroom_outbox_delivered_total',
  help: 'Outbox messages delivered to Temporal, by sender: the request or the relay',
  labelNames: ['kind', 'by'] as const,
})

const failures = new Counter({
  name: 'darkroom_outbox_failures_total',
  help: 'Failed attempts to deliver an outbox message to Temporal; each is repeated',
  labelNames: ['kind', 'by'] as const,
})

const oldestSeconds = new Gauge({
  name: 'darkroom_outbox_oldest_seconds',
  help: 'Age of the oldest outbox message in the last batch of the relay; 0 if it was empty',
})

/** Temporal has a message. Only the relay's are logged, since their requests could not deliver them. */
export function outboxDelivered(logger: Logger, by: DeliveredBy, message: Pick<AboutMessage, 'kind'>): void {
  delivered.inc({ kind: message.kind, by })
  if (by === 'relay') logger.info(message, 'outbox message relayed')
}

/** An attempt failed; the relay tries again. */
export function outboxDelayed(logger: Logger, by: DeliveredBy, message: AboutMessage, error: unknown): void {
  failures.inc({ kind: message.kind, by })
  logger.warn(
    { ...message, err: error },
    by === 'relay' ? 'outbox message will be tried again' : 'delivery left to the outbox relay',
  )
}

/** A message can never be delivered; an operator must inspect the rows with `parked_at`. */
export function outboxParked(logger: Logger, message: AboutMessage, error: unknown): void {
  parked.inc({ kind: message.kind })
  logger.error({ ...message, err: error }, 'outbox message parked: it can never succeed')
}

/** The relay leased a batch; the age of its oldest message in seconds, 0 for an empty one. */
export function outboxBatchLeased(oldest: number): void {
  oldestSeconds.set(oldest)
}
