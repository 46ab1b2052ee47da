import { DarkroomError, notFound } from '../../domain/errors.ts'
import type { AlbumId, UserId } from '../../domain/ids.ts'
import type { LinkId } from '../../domain/viewer.ts'
import type { Database } from '../../infra/db/database.ts'
import { isLive } from '../../infra/db/rules.ts'
import type { Passwords } from '../accounts/passwords.ts'
import { hashOfToken, type LinkTokens } from './link-tokens.ts'

/** A live link that somebody has the token of. */
export interface VisitedLink {
  linkId: LinkId
  albumId: AlbumId
  /** Of the album. */
  ownerId: UserId
  passwordHash: string | null
  expiresAt: Date | null
  allowUpload: boolean
  isExhausted: boolean
}

/** What a visitor goes through before a link shows anything. Decided on the primary. */
export interface LinkVisits {
  /** @throws DarkroomError not_found (also once it is revoked, or its album or owner is gone), link_expired */
  find(token: string): Promise<VisitedLink>
  /** Whether the session is of a visit to this link that has passed its password, and was counted. */
  hasVisited(link: VisitedLink, session: string): Promise<boolean>
  /** Takes as long as a sign-in. @throws DarkroomError link_password_required */
  assertPassword(link: VisitedLink, given: string): Promise<void>
  /**
   * Counts a view. Of many visits at once, no more are let in than there are views left.
   * @returns the session of the visit
   * @throws DarkroomError link_exhausted, link_expired, not_found
   */
  begin(link: VisitedLink): Promise<string>
}

// Plan: one probe of share_links_token_hash_key, albums_pkey and users_pkey.
const FIND = `
  SELECT l.link_id AS "linkId", l.album_id AS "albumId", a.owner_id AS "ownerId", l.password_hash AS "passwordHash",
    l.expires_at AS "expiresAt", l.allow_upload AS "allowUpload", coalesce(l.views >= l.max_views, false) AS "isExhausted",
    ${isLive('l')} AS "isLive"
  FROM share_links l JOIN albums a ON a.album_id = l.album_id JOIN users o ON o.user_id = a.owner_id
  WHERE o.status = 'active' AND `

// Whoever waited for the row looks at it again: READ COMMITTED judges the condition by its latest version.
const COUNT_VIEW = `
  UPDATE share_links l SET views = views + 1, last_used_at = now()
  WHERE link_id = $1 AND ${isLive('l')} AND (max_views IS NULL OR views < max_views)
  RETURNING 1`

export interface LinkVisitsDeps {
  db: Pick<Database, 'primary'>
  passwords: Passwords
  tokens: LinkTokens
}

export function createLinkVisits({ db, passwords, tokens }: LinkVisitsDeps): LinkVisits {
  async function read(condition: string, value: unknown): Promise<VisitedLink> {
    const [row] = await db.primary<VisitedLink & { isLive: boolean }>({
      text: FIND + condition,
      values: [value],
    })
    if (!row) throw notFound('link')
    const { isLive, ...link } = row
    if (!isLive) throw new DarkroomError('link_expired', 'The share link has run out.')
    return link
  }

  return {
    find: (token) => read('l.token_hash = $1', hashOfToken(token)),

    hasVisited: async ({ linkId }, session) => session !== '' && (await tokens.isSession(session, linkId)),

    async assertPassword({ passwordHash }, given) {
      if (passwordHash === null || (await passwords.matches(given, passwordHash))) return
      throw passwordRequired()
    },

    async begin({ linkId }) {
      const counted = await db.primary({ name: 'share-link-view', text: COUNT_VIEW, values: [linkId] })
      if (counted.length === 0) {
        await read('l.link_id = $1', linkId)
        throw exhausted()
      }
      return tokens.session(linkId)
    },
  }
}

export const passwordRequired = (): DarkroomError =>
  new DarkroomError('link_password_required', 'Send the password of the link in X-Share-Password.')

export const exhausted = (): DarkroomError =>
  new DarkroomError('link_exhausted', 'The share link was opened as often as it may be.')
