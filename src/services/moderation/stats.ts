import {
  CASE_PRIORITIES,
  DAY_MS,
  DECISION_ACTIONS,
  type CasePriority,
  type DecisionAction,
} from '../../domain/moderation.ts'
import type { Query } from '../../infra/db/database.ts'

/** How the queue stands. */
export interface QueueFigures {
  /** What is to be decided, open or appealed: all, past their due date, and claimed by somebody. */
  open: Record<CasePriority, number>
  overdue: number
  claimed: number
}

export interface ModerationStats extends QueueFigures {
  /** Of what is to be decided; null if there is nothing. */
  medianAgeSeconds: number | null
  decided: { lastDay: Record<DecisionAction, number>; lastWeek: Record<DecisionAction, number> }
  /** Of the measures of the last 30 days, the part that was taken back; null without any. */
  reversalRate: number | null
}

// Plan: moderation_cases_queue_idx, all cases that are to be decided.
const QUEUE = `
  SELECT priority, count(*)::integer AS cases, count(*) FILTER (WHERE due_at < now())::integer AS overdue,
    count(*) FILTER (WHERE claimed_until > now())::integer AS claimed
  FROM moderation_cases WHERE state IN ('open', 'appealed') GROUP BY priority`
const MEDIAN = `
  SELECT extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY now() - opened_at))::float8 AS seconds
  FROM moderation_cases WHERE state IN ('open', 'appealed')`
// Plan: moderation_decisions_created_idx, those of 30 days.
const DECIDED = `
  SELECT action, count(*) FILTER (WHERE created_at > now() - interval '1 day')::integer AS last_day,
    count(*) FILTER (WHERE created_at > now() - interval '7 days')::integer AS last_week,
    count(*)::integer AS measures, count(reversed_at)::integer AS reversed
  FROM moderation_decisions WHERE created_at > now() - ${30 * DAY_MS} * interval '1 millisecond' GROUP BY action`

/** The queue alone, for metrics. */
export async function readQueueFigures(query: Query): Promise<QueueFigures> {
  const rows = await query<Record<'priority' | 'cases' | 'overdue' | 'claimed', number>>({
    name: 'moderation-queue',
    text: QUEUE,
  })
  const sum = (of: 'overdue' | 'claimed') => rows.reduce((total, row) => total + row[of], 0)
  const open = CASE_PRIORITIES.map((priority, place) => [
    priority,
    rows.find((row) => row.priority === place)?.cases ?? 0,
  ])
  return {
    open: Object.fromEntries(open) as Record<CasePriority, number>,
    overdue: sum('overdue'),
    claimed: sum('claimed'),
  }
}

/** The queue, and what was decided lately. */
export async function readStats(query: Query): Promise<ModerationStats> {
  const queue = await readQueueFigures(query)
  const [median] = await query<{ seconds: number | null }>({ name: 'moderation-median', text: MEDIAN })
  const rows = await query<
    Record<'last_day' | 'last_week' | 'measures' | 'reversed', number> & { action: DecisionAction }
  >({ name: 'moderation-decided', text: DECIDED })
  const byAction = (of: 'last_day' | 'last_week') =>
    Object.fromEntries(
      DECISION_ACTIONS.map((action) => [action, rows.find((row) => row.action === action)?.[of] ?? 0]),
    ) as Record<DecisionAction, number>
  const taken = rows.filter(({ action }) => action !== 'dismiss' && action !== 'restore')
  const measures = taken.reduce((total, row) => total + row.measures, 0)
  const reversed = taken.reduce((total, row) => total + row.reversed, 0)
  return {
    ...queue,
    medianAgeSeconds: median!.seconds,
    decided: { lastDay: byAction('last_day'), lastWeek: byAction('last_week') },
    reversalRate: measures === 0 ? null : reversed / measures,
  }
}
