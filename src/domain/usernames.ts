/**
 * Names that no account may take: `me` stands for the viewer in routes (`/albums/:id/members/me`), and the others would
 * speak for the service.
 */
const RESERVED: ReadonlySet<string> = new Set([
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
])

/** In any case, and whatever of the allowed punctuation stands between its letters. */
export function isReservedUsername(username: string): boolean {
  return RESERVED.has(username.toLowerCase().replaceAll(/[_.-]/g, ''))
}
