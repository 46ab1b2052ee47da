/**
 * The SQL twin of `maySee` (domain/visibility.ts): a boolean expression over a row of `photos`.
 * @param photo alias of the photos row
 * @param viewerId SQL for the viewer's id as bigint, NULL when nobody is signed in (for example `$1::bigint`)
 */
export function visibleTo(photo: string, viewerId: string): string {
  return `(
    ${photo}.status <> 'deleted' AND (
      ${photo}.owner_id = ${viewerId}
      OR (${photo}.status = 'ready' AND (
        ${photo}.visibility = 'public'
        OR (${photo}.visibility = 'followers' AND EXISTS (
          SELECT FROM follows WHERE follower_id = ${viewerId} AND followee_id = ${photo}.owner_id
        ))
      ))
    )
  ) IS TRUE`
}

/** The SQL twin of `belongsInFeeds`; written as in photos_feed_idx, so that the index serves it. */
export function feedable(photo: string): string {
  return `(${photo}.status = 'ready' AND ${photo}.visibility IN ('public', 'followers'))`
}
