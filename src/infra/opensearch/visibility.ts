import type { Types } from '@opensearch-project/opensearch'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Viewer } from '../../domain/viewer.ts'

type QueryContainer = Types.Common_QueryDsl.QueryContainer

/** Narrowings that documents may not have followed yet; see services/search/revocations.ts. */
export interface PendingRevocations {
  /** Photos that are no longer published; of those, not even their owners find any. */
  gone: PhotoId[]
  /** Photos that some no longer see, or some of whose facts are no longer shared: found by their owners alone. */
  narrowed: PhotoId[]
  /** Accounts that were suspended or deactivated. */
  inactiveOwners: UserId[]
  /** Accounts that have become private: found by their followers alone. */
  privateOwners: UserId[]
  /** Accounts whose photos' texts were deleted: nobody finds a photo of theirs by its text, not even they. */
  withoutTexts: UserId[]
}

/** The viewer's relationships that a search needs. Each list at most 65,536 (`index.max_terms_count`). */
export interface SearchRelations {
  /** The accounts that the viewer follows. */
  followees: readonly UserId[]
  /** The accounts that the viewer blocks, or that block the viewer. */
  blocked: readonly UserId[]
  /** Photos whose owners, active accounts, granted them to the viewer; in a search of one album. */
  granted?: readonly PhotoId[] | undefined
  pending?: PendingRevocations | undefined
}

/**
 * The search twin of `maySee` (domain/access.ts): a filter over photo documents by effective visibility. Documents may be a
 * while behind their photos and accounts: what was narrowed meanwhile is left out by `pending`, and Postgres judges the hits
 * again. Links find nothing: their photos are listed, not searched.
 */
export function visibleTo(viewer: Viewer, relations: SearchRelations): QueryContainer {
  if (viewer.kind === 'link') return { match_none: {} }
  const others: QueryContainer = {
    bool: {
      filter: [term('status', 'ready'), anyOf(audienceOf(relations))],
      must_not: withheldFromOthers(relations),
    },
  }
  const ways = viewer.kind === 'user' ? [others, term('ownerId', viewer.userId)] : [others]
  const gone = relations.pending?.gone ?? []
  return {
    bool: {
      must_not: [term('status', 'deleted'), term('status', 'trashed'), ...ifAny(gone, photosOf)],
      filter: [anyOf(ways)],
    },
  }
}

function audienceOf({ followees, granted = [] }: SearchRelations): QueryContainer[] {
  return [
    term('visibility', 'public'),
    ...ifAny(followees, (ids) => allOf(term('visibility', 'followers'), ownedBy(ids))),
    ...ifAny(granted, photosOf),
  ]
}

function withheldFromOthers({ followees, blocked, pending }: SearchRelations): QueryContainer[] {
  const followed = new Set(pending && pending.privateOwners.length > 0 ? followees : [])
  const hidden = [
    ...blocked,
    ...(pending?.inactiveOwners ?? []),
    ...(pending?.privateOwners.filter((owner) => !followed.has(owner)) ?? []),
  ]
  return [...ifAny(hidden, ownedBy), ...ifAny(pending?.narrowed ?? [], photosOf)]
}

/** No clause for no ids. */
function ifAny<Id>(ids: readonly Id[], clause: (ids: readonly Id[]) => QueryContainer): QueryContainer[] {
  return ids.length > 0 ? [clause(ids)] : []
}

const term = (field: string, value: string): QueryContainer => ({ term: { [field]: { value } } })
const photosOf = (ids: readonly PhotoId[]): QueryContainer => ({ terms: { photoId: [...ids] } })
const ownedBy = (owners: readonly UserId[]): QueryContainer => ({ terms: { ownerId: [...owners] } })
const allOf = (...filter: QueryContainer[]): QueryContainer => ({ bool: { filter } })
const anyOf = (should: QueryContainer[]): QueryContainer => ({ bool: { should, minimum_should_match: 1 } })
