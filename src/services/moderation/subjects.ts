import { notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { ModerationSubject, SubjectType } from '../../domain/moderation.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import type { CommentRow, Evidence, PhotoRow, UserRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import { accountOnly, isGone, profileVisibleTo, visibleTo } from '../../infra/db/rules.ts'
import { findComment } from '../engagement/read-comments.ts'

/** What is known of a subject when somebody reports it. */
export interface FoundSubject {
  ownerId: UserId
  evidence: Evidence
}

const VIEWER = accountOnly('$2::bigint')

// Held until the report is stored: a deletion comes before it, and the report finds nothing, or after it and the case keeps
// the texts.
const HOLD: Partial<Record<SubjectType, string>> = {
  photo: 'SELECT FROM photos WHERE photo_id = $1 FOR SHARE',
  comment: 'SELECT FROM comments WHERE comment_id = $1 FOR SHARE',
}
const PHOTO = `
  SELECT p.owner_id, p.caption, p.alt_text FROM photos p JOIN users u ON u.user_id = p.owner_id
  WHERE p.photo_id = $1 AND ${visibleTo('p', 'u', VIEWER)}`
const USER = `
  SELECT u.user_id, u.username, u.display_name, u.bio FROM users u
  WHERE u.user_id = $1::bigint AND ${profileVisibleTo('u', VIEWER)}`

/**
 * The subject as the viewer sees it; a photo or comment is held against changes until the transaction ends.
 * @throws DarkroomError not_found if it does not exist for them
 */
export async function findSubject(
  query: Query,
  viewer: UserViewer,
  { type, id }: ModerationSubject,
): Promise<FoundSubject> {
  const hold = HOLD[type]
  if (hold !== undefined) await query({ text: hold, values: [id] })
  const values = [id, viewer.userId]
  switch (type) {
    case 'photo': {
      const [row] = await query<PhotoTexts & Pick<PhotoRow, 'owner_id'>>({ text: PHOTO, values })
      if (!row) throw notFound('photo')
      return { ownerId: row.owner_id, evidence: { texts: textsOfPhoto(row) } }
    }
    case 'comment': {
      const { author, text, isErased } = await findComment({ query, viewer }, id)
      if (isErased) throw notFound('comment')
      return { ownerId: author.userId, evidence: { texts: { text } } }
    }
    case 'user': {
      const [row] = await query<UserTexts & Pick<UserRow, 'user_id'>>({ text: USER, values })
      if (!row) throw notFound('user')
      return { ownerId: row.user_id, evidence: { texts: textsOfUser(row) } }
    }
  }
}

const PHOTO_NOW = `SELECT p.caption, p.alt_text FROM photos p WHERE p.photo_id = $1 AND NOT ${isGone('p')}`
const COMMENT_NOW = 'SELECT text FROM comments WHERE comment_id = $1 AND deleted_at IS NULL'
const USER_NOW = 'SELECT username, display_name, bio FROM users WHERE user_id = $1::bigint'

/** What the subject says now, whoever sees it; null if it was deleted. */
export async function textsNow(
  query: Query,
  { type, id }: ModerationSubject,
): Promise<Evidence['texts'] | null> {
  const values = [id]
  switch (type) {
    case 'photo': {
      const [row] = await query<PhotoTexts>({ text: PHOTO_NOW, values })
      return row ? textsOfPhoto(row) : null
    }
    case 'comment': {
      const [row] = await query<Pick<CommentRow, 'text'>>({ text: COMMENT_NOW, values })
      return row ? { text: row.text } : null
    }
    case 'user': {
      const [row] = await query<UserTexts>({ text: USER_NOW, values })
      return row ? textsOfUser(row) : null
    }
  }
}

type PhotoTexts = Pick<PhotoRow, 'caption' | 'alt_text'>
type UserTexts = Pick<UserRow, 'username' | 'display_name' | 'bio'>

const textsOfPhoto = ({ caption, alt_text: altText }: PhotoTexts) => ({ caption, altText })
const textsOfUser = ({ username, display_name: displayName, bio }: UserTexts) => ({
  username,
  displayName,
  bio,
})
