import type { UserId } from '../../src/domain/ids.ts'
import type { Viewer } from '../../src/domain/viewer.ts'
import type { Database } from '../../src/infra/db/database.ts'
import type { CursorBinding } from '../../src/services/lists/cursor.ts'
import { listRead, type ListRead } from '../../src/services/lists/list-read.ts'

export const CURSOR_SECRET = 'the cursor secret of the tests'

export interface PageOptions {
  limit: number
  cursor?: string | undefined
  /** As for a viewer who has just written. */
  readYourWrites?: boolean
}

/** A page of a list as the API asks services for it. */
export function pageFor<V extends Viewer>(
  db: Pick<Database, 'primary' | 'replica'>,
  viewer: V,
  { limit, cursor, readYourWrites = false }: PageOptions,
  binding: Omit<CursorBinding, 'viewer'> = { list: 'feed' },
): ListRead<V> {
  const query = readYourWrites ? db.primary : db.replica
  return listRead({ viewer, query, readYourWrites }, { limit, cursor, ...binding }, CURSOR_SECRET)
}

/** A page of a user's feed. */
export const feedPageFor = (
  db: Pick<Database, 'primary' | 'replica'>,
  userId: UserId,
  options: PageOptions,
) => pageFor(db, { kind: 'user', userId }, options)
