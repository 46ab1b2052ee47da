import { Counter } from 'prom-client'
import type { DisabledReason } from '../domain/webhooks.ts'
import type { Logger } from './logger.ts'

const ATTEMPT_OUTCOMES = ['delivered', 'refused', 'unanswered', 'blocked'] as const
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number]

const attempts = new Counter({
  name: 'darkroom_webhook_attempts_total',
  help: 'Requests to webhooks, by outcome: delivered, refused (another status), unanswered, or blocked by its address',
  labelNames: ['outcome'] as const,
})
// A series that started with its first event would show no increase, so start it at 0.
for (const outcome of ATTEMPT_OUTCOMES) attempts.inc({ outcome }, 0)

const disabled = new Counter({
  name: 'darkroom_webhooks_disabled_total',
  help: 'Webhooks that were disabled because they failed for days, or because their receiver said that it is gone',
  labelNames: ['reason'] as const,
})
for (const reason of ['gone', 'failing'] as const) disabled.inc({ reason }, 0)

const dropped = new Counter({
  name: 'darkroom_webhook_deliveries_dropped_total',
  help: 'Deliveries that were dropped because too many of their webhook waited',
})

/** A request to a webhook has ended. */
export function webhookAttempted(outcome: AttemptOutcome): void {
  attempts.inc({ outcome })
}

/** A webhook gets nothing any more, and its owner is told. */
export function webhookDisabled(logger: Logger, webhookId: string, reason: DisabledReason): void {
  disabled.inc({ reason })
  logger.info({ webhookId, reason }, 'a webhook is disabled')
}

/** The oldest of a queue left because others came. */
export function deliveriesDropped(count: number): void {
  dropped.inc(count)
}
