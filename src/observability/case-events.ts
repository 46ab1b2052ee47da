import { Counter } from 'prom-client'
import type { CasePriority, CaseState } from '../domain/moderation.ts'
import type { Logger } from './logger.ts'

const overdue = new Counter({
  name: 'darkroom_moderation_cases_overdue_total',
  help: 'Cases that nobody decided in time: raised one priority, or urgent already and told of once a day',
  labelNames: ['outcome'] as const,
})
// A series that started with its first case would show no increase, so start it at 0.
for (const outcome of ['escalated', 'still_urgent']) overdue.inc({ outcome }, 0)

/** Nobody decided in time: the case has moved up. */
export function caseEscalated(
  logger: Logger,
  about: { caseId: string; state: CaseState; priority: CasePriority },
): void {
  overdue.inc({ outcome: 'escalated' })
  logger.warn(about, 'a case of moderation is overdue and has moved up')
}

/** The same of one that could not move up. */
export function caseOverdue(logger: Logger, caseId: string, state: CaseState): void {
  overdue.inc({ outcome: 'still_urgent' })
  logger.error({ caseId, state }, 'an urgent case of moderation is overdue')
}
