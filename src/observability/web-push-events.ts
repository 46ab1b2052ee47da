import { Counter } from 'prom-client'

const OUTCOMES = ['sent', 'gone', 'refused', 'failed', 'late'] as const
export type WebPushOutcome = (typeof OUTCOMES)[number]

const pushes = new Counter({
  name: 'darkroom_web_pushes_total',
  help: 'Pushes to devices, by outcome: sent, gone (the subscription has ended), refused, failed (tried again), or given up as late',
  labelNames: ['outcome'] as const,
})
// A series that started with its first event would show no increase, so start it at 0.
for (const outcome of OUTCOMES) pushes.inc({ outcome }, 0)

/** A push to a device was tried, or given up. */
export function webPushEnded(outcome: WebPushOutcome): void {
  pushes.inc({ outcome })
}
