import { Counter, Histogram } from 'prom-client'
import type { Logger } from './logger.ts'

const verdicts = new Counter({
  name: 'darkroom_moderation_verdicts_total',
  help: 'Verdicts of automatic moderation, by what they say and what decided',
  labelNames: ['verdict', 'source'] as const,
})
// A series that started with its first verdict would show no increase, so start it at 0.
for (const verdict of ['allow', 'limit', 'quarantine']) verdicts.inc({ verdict, source: 'scores' }, 0)

const classifications = new Counter({
  name: 'darkroom_classifications_total',
  help: 'Pictures that the classifier was asked about, by whether it answered',
  labelNames: ['outcome'] as const,
})
for (const outcome of ['done', 'failed']) classifications.inc({ outcome }, 0)

const seconds = new Histogram({
  name: 'darkroom_classification_seconds',
  help: 'Time from fetching a picture to its scores',
  buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
})

const escalations = new Counter({
  name: 'darkroom_moderation_escalations_total',
  help: 'Photos that no verdict could be had for in time, by whether they wait for it',
  labelNames: ['mode'] as const,
})
for (const mode of ['pre', 'post']) escalations.inc({ mode }, 0)

/** A verdict was recorded. */
export function verdictGiven({ verdict, source }: { verdict: string; source: string }): void {
  verdicts.inc({ verdict, source })
}

/** Counts and times what asks a classifier. */
export async function classified<T>(ask: () => Promise<T>): Promise<T> {
  const stop = seconds.startTimer()
  try {
    const answer = await ask()
    classifications.inc({ outcome: 'done' })
    stop()
    return answer
  } catch (error) {
    classifications.inc({ outcome: 'failed' })
    throw error
  }
}

/** No verdict could be had in time. */
export function screeningEscalated(logger: Logger, photoId: string, mode: 'pre' | 'post'): void {
  escalations.inc({ mode })
  logger.error({ photoId, mode }, 'no verdict can be had for a photo')
}
