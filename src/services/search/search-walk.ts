import { DarkroomError } from '../../domain/errors.ts'
import type { HitPosition } from '../../infra/opensearch/photo-index.ts'
import type { CursorPosition } from '../lists/cursor.ts'
import type { ListRead } from '../lists/list-read.ts'

/** A walk through the pages of a search, as its cursors carry it on. */
export interface Walk {
  /** The last hit of the page before. */
  position: HitPosition
  /** As counted with the first page. */
  total: number
  /** When the walk began, in ms: recency is reckoned from it on all pages, so that nothing moves between them. */
  now: number
  /** Hits of other versions have other scores. */
  indexVersion: number
}

/** relevance, publishedAt in ms, photo id, total, now, version of the index */
const SHAPE = ['number', 'number', 'string', 'number', 'number', 'number'] as const
/** Of cursors from before the second version of the index. */
const FIRST_SHAPE = ['number', 'number', 'string', 'number'] as const

/**
 * The walk that a request continues; undefined for a first page.
 * @throws DarkroomError `bad_cursor`, or `cursor_expired` for a cursor of the first version of the index
 */
export function walkFrom(list: ListRead): Walk | undefined {
  const after = afterOf(list)
  if (!after) return undefined
  const [relevance, publishedAt, photoId, total, now, indexVersion] = after
  return { position: { relevance, publishedAt, photoId }, total, now, indexVersion }
}

function afterOf(list: ListRead) {
  try {
    return list.after(SHAPE)
  } catch (error) {
    // Throws bad_cursor too, unless it is one of these.
    list.after(FIRST_SHAPE)
    throw expired(error)
  }
}

/** The position that the next cursor holds; walkFrom reads it. */
export function positionIn({ position, total, now, indexVersion }: Walk): CursorPosition {
  const { relevance, publishedAt, photoId } = position
  return [relevance, publishedAt, photoId, total, now, indexVersion]
}

/** The error for a walk that began in another version of the index. */
export function expired(cause?: unknown): DarkroomError {
  return new DarkroomError('cursor_expired', 'The index was rebuilt; start again without a cursor.', {
    cause,
  })
}
