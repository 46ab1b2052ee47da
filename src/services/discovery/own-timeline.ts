import type { UserViewer } from '../../domain/viewer.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'

/** A month of the viewer's own photos. */
export interface TimelineMonth {
  /** `2024-05` */
  month: string
  count: number
}

/** Local time where it was taken; of a photo that does not say, when it was published, in UTC. As photos_moment_idx has it. */
const MOMENT = `coalesce(p.taken_at, p.published_at AT TIME ZONE 'UTC')`

const lastMonthBefore = (moment: string) => `
  SELECT date_trunc('month', ${MOMENT}) FROM photos p
  WHERE p.owner_id = $1 AND p.status = 'ready' AND ${MOMENT} < ${moment} ORDER BY ${MOMENT} DESC LIMIT 1`

// Plan: photos_moment_idx from month to month, one probe each, and its range of each month that is shown; a month without photos costs
// nothing.
const MONTHS = `
  WITH RECURSIVE months AS (
    SELECT (${lastMonthBefore(`coalesce($2::timestamp, 'infinity')`)}) AS start
    UNION ALL
    SELECT (${lastMonthBefore('m.start')}) FROM months m WHERE m.start IS NOT NULL)
  SELECT to_char(m.start, 'YYYY-MM') AS month, (
    SELECT count(*)::int FROM photos p
    WHERE p.owner_id = $1 AND p.status = 'ready' AND ${MOMENT} >= m.start AND ${MOMENT} < m.start + interval '1 month') AS count
  FROM months m WHERE m.start IS NOT NULL LIMIT $3`

/** The months in which the viewer's published photos were taken, latest first. @throws DarkroomError bad_cursor */
export async function readTimeline(list: ListRead<UserViewer>): Promise<Page<TimelineMonth>> {
  const { query, viewer, limit } = list
  const [before] = list.after(['string']) ?? [null]
  const rows = await query<TimelineMonth & Record<string, unknown>>({
    name: 'timeline',
    text: MONTHS,
    values: [viewer.userId, before && `${before}-01`, limit + 1],
  })
  return pageOfRows(
    list,
    rows,
    ({ month }) => [month],
    (shown) => shown.map(({ month, count }) => ({ month, count })),
  )
}
