import { Counter, Gauge } from 'prom-client'

const oldestSeconds = new Gauge({
  name: 'darkroom_notifications_oldest_seconds',
  help: 'Age of the oldest event whose notification is not written yet; 0 if none is owed',
})

const written = new Counter({
  name: 'darkroom_notifications_events_total',
  help: 'Events taken by the writers of notifications, by outcome: told, or nothing to tell',
  labelNames: ['outcome'] as const,
})
for (const outcome of ['told', 'untold']) written.inc({ outcome }, 0)

/** The relay has looked; the age of the oldest owed event in seconds, 0 if there is none. */
export function notificationsOwed(oldest: number): void {
  oldestSeconds.set(oldest)
}

/** A batch is written: of the events taken, so many led to a notification. */
export function notificationsWritten(taken: number, told: number): void {
  written.inc({ outcome: 'told' }, told)
  written.inc({ outcome: 'untold' }, taken - told)
}
