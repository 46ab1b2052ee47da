/** How far an author is trusted, from the least on. */
export const TRUST_LEVELS = ['new', 'known', 'trusted'] as const
export type TrustLevel = (typeof TRUST_LEVELS)[number]

/** What trust rests on. */
export interface AuthorRecord {
  /** Since the account was opened. */
  days: number
  /** That are shown now. */
  photos: number
  /** Photos that are limited or taken down now. */
  sanctioned: number
}

const KNOWN = { days: 7, photos: 5 }
const TRUSTED = { days: 90, photos: 50 }
/** One photo in so many may have been sanctioned. */
const PHOTOS_PER_SANCTION = 100

/** An author becomes known and trusted by time and photos, and falls back to new by what was sanctioned. */
export function trustOf({ days, photos, sanctioned }: AuthorRecord): TrustLevel {
  if (days < KNOWN.days || photos < KNOWN.photos) return 'new'
  if (sanctioned * PHOTOS_PER_SANCTION > photos) return 'new'
  return days >= TRUSTED.days && photos >= TRUSTED.photos && sanctioned === 0 ? 'trusted' : 'known'
}
