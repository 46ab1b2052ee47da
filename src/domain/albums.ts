/** What a member of an album may do, each role all that the ones before it may. Every album has one owner. */
export const ALBUM_ROLES = ['viewer', 'contributor', 'admin', 'owner'] as const
export type AlbumRole = (typeof ALBUM_ROLES)[number]

/** The roles that members are given. Ownership is transferred instead. */
export const GIVEN_ROLES = ['viewer', 'contributor', 'admin'] as const satisfies readonly AlbumRole[]
export type GivenRole = (typeof GIVEN_ROLES)[number]

/** How an album's photos are ordered: as its members place them, or latest published first. */
export const ALBUM_ORDERS = ['position', 'date'] as const
export type AlbumOrder = (typeof ALBUM_ORDERS)[number]

/** What an album's activity tells of. Stored, so a kind keeps its name. */
export const ALBUM_ACTIVITIES = [
  'created',
  'renamed',
  'edited',
  'photo_added',
  'photo_removed',
  'member_added',
  'role_changed',
  'member_removed',
  'member_left',
  'owner_changed',
] as const
export type AlbumActivityKind = (typeof ALBUM_ACTIVITIES)[number]

/** The lowest role that each action needs. Leaving, and taking back a photo of one's own, need none. */
const LOWEST_ROLE = {
  'see the members of': 'viewer',
  'see the activity of': 'viewer',
  'add photos to': 'contributor',
  "arrange others' photos in": 'admin',
  "remove others' photos from": 'admin',
  edit: 'admin',
  'manage the members of': 'admin',
  'share links to': 'admin',
  'see the drop box of': 'admin',
  'transfer or delete': 'owner',
} as const satisfies Record<string, AlbumRole>
export type AlbumAction = keyof typeof LOWEST_ROLE

/** Whether someone with this role may do it; null is the role of those who are not members. */
export function roleMay(role: AlbumRole | null, action: AlbumAction): boolean {
  return role !== null && ALBUM_ROLES.indexOf(role) >= ALBUM_ROLES.indexOf(LOWEST_ROLE[action])
}
