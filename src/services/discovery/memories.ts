import type { PhotoId } from '../../domain/ids.ts'
import { MAX_ITEMS } from '../../domain/limits.ts'
import { daysRemembered } from '../../domain/memories.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { loadPhotoCards, type PhotoCard } from '../photos/photo-cards.ts'

/** What the viewer photographed on one day of an earlier year. */
export interface Memory {
  year: number
  /** How many photos there are, of which `photos` has the earliest. */
  count: number
  photos: PhotoCard[]
}

interface YearRow {
  year: number
  count: number
  ids: PhotoId[]
}

// Plan: the range of photos_day_idx of the owner's photos of one or two days of the year, in which years before the cursor come first.
const YEARS = `
  SELECT extract(year FROM p.taken_at)::int AS year, count(*)::int AS count,
    (array_agg(p.photo_id ORDER BY p.taken_at, p.photo_id))[1:${MAX_ITEMS.photosPerMemory}] AS ids
  FROM photos p
  WHERE p.owner_id = $1 AND p.status = 'ready' AND p.taken_at < $3::timestamp
    AND (extract(month FROM p.taken_at) * 100 + extract(day FROM p.taken_at))::integer = ANY ($2::integer[])
  GROUP BY 1 ORDER BY 1 DESC LIMIT $4`

/**
 * The viewer's photos that were taken on this day of earlier years, by the clocks where they were taken, the latest year first.
 * @param date `2026-05-01`
 * @throws DarkroomError bad_cursor
 */
export async function readMemories(list: ListRead<UserViewer>, date: string): Promise<Page<Memory>> {
  const { query, viewer, limit } = list
  const [before] = list.after(['string']) ?? [date.slice(0, YEAR_DIGITS)]
  const rows = await query<YearRow & Record<string, unknown>>({
    name: 'memories',
    text: YEARS,
    values: [viewer.userId, daysRemembered(date), `${before}-01-01`, limit + 1],
  })
  return pageOfRows(
    list,
    rows,
    ({ year }) => [String(year)],
    async (shown) => {
      const { cards } = await loadPhotoCards(
        query,
        viewer,
        shown.flatMap(({ ids }) => ids),
      )
      return shown.map(({ year, count, ids }) => ({
        year,
        count,
        photos: ids.flatMap((id) => cards.get(id) ?? []),
      }))
    },
  )
}

const YEAR_DIGITS = 4
