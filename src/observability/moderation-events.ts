import { Gauge } from 'prom-client'
import type { CasePriority } from '../domain/moderation.ts'

const cases = new Gauge({
  name: 'darkroom_moderation_cases',
  help: 'Cases that moderators are to decide, by priority',
  labelNames: ['priority'] as const,
})

const overdue = new Gauge({
  name: 'darkroom_moderation_overdue_cases',
  help: 'Of those, the ones past their due date',
})

export function reportQueue(open: Readonly<Record<CasePriority, number>>, overdueCases: number): void {
  for (const [priority, count] of Object.entries(open)) cases.set({ priority }, count)
  overdue.set(overdueCases)
}
