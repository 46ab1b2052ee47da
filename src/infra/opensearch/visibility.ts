import type { Types } from '@opensearch-project/opensearch'
import type { UserId } from '../../domain/ids.ts'
import type { Viewer } from '../../domain/viewer.ts'

type QueryContainer = Types.Common_QueryDsl.QueryContainer

/**
 * The search twin of `maySee` (domain/visibility.ts): a filter over photo documents.
 * @param followees whom the viewer follows, at most 65,536 (`index.max_terms_count`)
 */
export function visibleTo(viewer: Viewer, followees: readonly UserId[]): QueryContainer {
  const ready: QueryContainer[] = [{ term: { visibility: { value: 'public' } } }]
  const ways: QueryContainer[] = [allOf({ term: { status: { value: 'ready' } } }, anyOf(ready))]
  if (viewer.kind === 'user') {
    ways.push({ term: { ownerId: { value: viewer.userId } } })
    if (followees.length > 0) {
      ready.push(
        allOf({ term: { visibility: { value: 'followers' } } }, { terms: { ownerId: [...followees] } }),
      )
    }
  }
  return { bool: { must_not: [{ term: { status: { value: 'deleted' } } }], filter: [anyOf(ways)] } }
}

const allOf = (...filter: QueryContainer[]): QueryContainer => ({ bool: { filter } })
const anyOf = (should: QueryContainer[]): QueryContainer => ({ bool: { should, minimum_should_match: 1 } })
