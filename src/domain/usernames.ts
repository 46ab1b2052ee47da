/**
 * What a username looks like: two names with the same skeleton are hard to tell apart. It is the skeleton of UTS #39 for
 * the characters that usernames have (`0` and O, `1`, I and `l`, `rn` and `m`), regardless of case, in which I stays
 * an `l`.
 */
export function usernameSkeleton(username: string): string {
  return username.replaceAll(/[1I]/g, 'l').toLowerCase().replaceAll('0', 'o').replaceAll('m', 'rn')
}

/**
 * Names that no account may take: `me` stands for the viewer in routes (`/albums/:id/members/me`), and the others would
 * speak for the service.
 */
const RESERVED: ReadonlySet<string> = new Set(
  [
    'me',
    'admin',
    'administrator',
    'darkroom',
    'everyone',
    'help',
    'moderator',
    'official',
    'root',
    'security',
    'staff',
    'support',
    'system',
  ].map(usernameSkeleton),
)

/** In any case, whatever of the allowed punctuation stands between its letters, and in whatever looks like it. */
export function isReservedUsername(username: string): boolean {
  return [username, username.toLowerCase()].some((name) =>
    RESERVED.has(usernameSkeleton(name.replaceAll(/[_.-]/g, ''))),
  )
}
