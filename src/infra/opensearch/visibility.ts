import type { Types } from '@opensearch-project/opensearch'
import type { UserId } from '../../domain/ids.ts'
import type { Viewer } from '../../domain/viewer.ts'

type QueryContainer = Types.Common_QueryDsl.QueryContainer

/** The viewer's relationships that a search needs. Each list at most 65,536 (`index.max_terms_count`). */
export interface SearchRelations {
  /** The accounts that the viewer follows. */
  followees: readonly UserId[]
  /** The accounts that the viewer blocks, or that block the viewer. */
  blocked: readonly UserId[]
}

/**
 * The search twin of `maySee` (domain/access.ts): a filter over photo documents by effective visibility.
 * A document may be a while behind its photo and account, so Postgres judges the hits again. Links find
 * nothing: their photos are listed, not searched.
 */
export function visibleTo(viewer: Viewer, { followees, blocked }: SearchRelations): QueryContainer {
  if (viewer.kind === 'link') return { match_none: {} }
  const audience: QueryContainer[] = [term('visibility', 'public')]
  if (followees.length > 0) audience.push(allOf(term('visibility', 'followers'), ownedBy(followees)))
  const others: QueryContainer = {
    bool: {
      filter: [term('status', 'ready'), anyOf(audience)],
      must_not: blocked.length > 0 ? [ownedBy(blocked)] : [],
    },
  }
  const ways = viewer.kind === 'user' ? [others, term('ownerId', viewer.userId)] : [others]
  return { bool: { must_not: [term('status', 'deleted'), term('status', 'trashed')], filter: [anyOf(ways)] } }
}

const term = (field: string, value: string): QueryContainer => ({ term: { [field]: { value } } })
const ownedBy = (owners: readonly UserId[]): QueryContainer => ({ terms: { ownerId: [...owners] } })
const allOf = (...filter: QueryContainer[]): QueryContainer => ({ bool: { filter } })
const anyOf = (should: QueryContainer[]): QueryContainer => ({ bool: { should, minimum_should_match: 1 } })
