import { v7 as uuidv7 } from 'uuid'
import { mayComment, type CommentPolicy } from '../../domain/comments.ts'
import { DarkroomError, invalidField, notFound } from '../../domain/errors.ts'
import { assertKeepsRules, NO_TEXT_RULES, type TextRules } from '../../domain/text-rules.ts'
import type { CommentId, PhotoId, UserId } from '../../domain/ids.ts'
import { extractMentions } from '../../domain/mentions.ts'
import type { UserViewer, Viewer } from '../../domain/viewer.ts'
import { Comment, type CommentRow } from '../../entities/index.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { accountOnly, accountVisibleTo, follows, visibleTo } from '../../infra/db/rules.ts'
import type { Reader } from '../lists/list-read.ts'
import { changePhotoCounters } from '../photos/photo-counters.ts'
import type { FirstRun } from '../requests/idempotency.ts'
import { enterGate } from './gate.ts'
import { writeMentions } from './mentions.ts'
import { oweCommentNotifications, oweMentionNotifications } from './owed-notifications.ts'
import { findComment, readComments, type FoundComment, type ShownComment } from './read-comments.ts'

interface NewComment {
  text: string
  parentId: CommentId | undefined
}

export interface Comments {
  list: typeof readComments
  /** @param moderates see the staff service: they find it whatever lies between them and its author. @throws DarkroomError not_found */
  read(reader: Reader, commentId: CommentId, moderates?: boolean): Promise<ShownComment>
  /** The same on the primary. @throws DarkroomError not_found */
  get(viewer: Viewer, commentId: CommentId, moderates?: boolean): Promise<FoundComment>
  /**
   * @throws DarkroomError not_found (the photo), forbidden (by its comment policy), invalid (`parentId` is not a top-level
   * comment of the photo that the author sees, or the text breaks a rule)
   */
  create(authorId: UserId, photoId: PhotoId, comment: NewComment, first?: FirstRun): Promise<ShownComment>
  /** @param expectedVersions if given, the comment must be at one of them. @throws DarkroomError not_found, precondition_failed, invalid */
  edit(
    comment: ShownComment,
    text: string,
    expectedVersions: readonly number[] | undefined,
  ): Promise<ShownComment>
  /** Hides the comment and its replies with the commit; housekeeping deletes the rows. @throws DarkroomError not_found */
  delete(comment: ShownComment): Promise<void>
}

export function createComments({
  db,
  textRules = NO_TEXT_RULES,
}: {
  db: Database
  textRules?: TextRules
}): Comments {
  const get = (viewer: Viewer, commentId: CommentId, moderates = false) =>
    findComment({ viewer, query: db.primary, moderates }, commentId)

  return {
    list: readComments,
    read: ({ viewer, query }, commentId, moderates = false) =>
      findComment({ viewer, query, moderates }, commentId),
    get,

    async create(authorId, photoId, { text, parentId }, first) {
      assertKeepsRules(textRules, 'comment', { 'body.text': text })
      const commentId = uuidv7()
      const mentioned = extractMentions(text)
      await db.transaction(async (tx) => {
        await enterGate(tx, authorId, photoId)
        await assertMayComment(tx, authorId, photoId)
        if (parentId !== undefined) await countReply(tx, authorId, photoId, parentId)
        const row = { commentId, photoId, authorId, parentId: parentId ?? null, text }
        await run(tx.query, insertRow(Comment, row, ['editedAt', 'deletedAt', 'takenDownAt', 'erasedAt']))
        if (mentioned.length > 0) await writeMentions(tx, commentId, authorId, mentioned)
        await oweCommentNotifications(tx, commentId)
        await changePhotoCounters(tx, [{ photoId, comments: 1 }])
        await first?.keep(tx, { status: 201, resourceId: commentId })
      })
      return get({ kind: 'user', userId: authorId }, commentId)
    },

    async edit({ commentId, photoId, author }, text, expectedVersions) {
      const viewer: UserViewer = { kind: 'user', userId: author.userId }
      await db.transaction(async (tx) => {
        await enterGate(tx, author.userId, photoId)
        await tx.query({ name: 'comment-lock', text: LOCK_COMMENT, values: [commentId] })
        // Whatever was decided before the gate is decided again behind it.
        await findComment({ viewer, query: tx.query }, commentId)
        const comment = await tx.em.findOneOrFail(Comment, { commentId })
        if (expectedVersions && !expectedVersions.includes(comment.version)) {
          throw new DarkroomError(
            'precondition_failed',
            'The comment has changed since then; fetch it again.',
          )
        }
        if (comment.text === text) return
        assertKeepsRules(textRules, 'comment', { 'body.text': text })
        tx.em.assign(comment, { text, editedAt: new Date() })
        const added = await writeMentions(tx, commentId, author.userId, extractMentions(text))
        await oweMentionNotifications(tx, commentId, added)
      })
      return get(viewer, commentId)
    },

    async delete({ commentId, parentId, photoId }) {
      await db.transaction(
        async (tx) => {
          const deleted =
            parentId === null ? await deleteThread(tx, commentId) : await deleteReply(tx, parentId, commentId)
          if (deleted > 0) await changePhotoCounters(tx, [{ photoId, comments: -deleted }])
        },
        { narrows: true },
      )
    },
  }
}

/** As accounts are locked: what refers to the comment does not wait. */
const LOCK_COMMENT = 'SELECT FROM comments WHERE comment_id = $1 FOR NO KEY UPDATE'

// Plan: one probe of photos_pkey, users_pkey and follows_pkey, and those of the access rule.
const STANDING = `
  SELECT coalesce(p.comment_policy, u.default_comment_policy) AS policy, p.owner_id = $2 AS is_owner,
    ${follows('$2::bigint', 'p.owner_id')} AS follows
  FROM photos p JOIN users u ON u.user_id = p.owner_id
  WHERE p.photo_id = $1 AND ${visibleTo('p', 'u', accountOnly('$2::bigint'))}`

async function assertMayComment(tx: Transaction, authorId: UserId, photoId: PhotoId): Promise<void> {
  const [row] = await tx.query<{ policy: CommentPolicy; is_owner: boolean; follows: boolean }>({
    name: 'comment-standing',
    text: STANDING,
    values: [photoId, authorId],
  })
  if (!row) throw notFound('photo')
  if (!mayComment(row.policy, { isOwner: row.is_owner, follows: row.follows })) {
    throw new DarkroomError('forbidden', 'The comment policy of this photo does not let you comment.')
  }
}

// The row's lock keeps replies and the deletion of their comment apart, so that the count is right whichever comes first.
const COUNT_REPLY = `
  UPDATE comments c SET reply_count = c.reply_count + 1 FROM users a
  WHERE c.comment_id = $1 AND c.photo_id = $2 AND c.parent_id IS NULL AND c.deleted_at IS NULL AND c.taken_down_at IS NULL
    AND a.user_id = c.author_id AND ${accountVisibleTo('a', accountOnly('$3::bigint'))}
  RETURNING 1`

async function countReply(
  tx: Transaction,
  authorId: UserId,
  photoId: PhotoId,
  parentId: CommentId,
): Promise<void> {
  const counted = await tx.query({
    name: 'comment-reply',
    text: COUNT_REPLY,
    values: [parentId, photoId, authorId],
  })
  // One answer for a reply, a comment elsewhere, a hidden and an absent one, so that it tells of none.
  if (counted.length === 0) {
    throw invalidField('body.parentId', 'Not a top-level comment on this photo.')
  }
}

interface Deleted {
  replies: number
  /** It was taken down before, and so counted nowhere any more. */
  wasTakenDown: boolean
  /** Its author had left, and it alone was not counted any more. */
  wasErased: boolean
}

/** @throws DarkroomError not_found */
async function markDeleted(tx: Transaction, commentId: CommentId): Promise<Deleted> {
  const [row] = await tx.query<Pick<CommentRow, 'reply_count' | 'taken_down_at' | 'erased_at'>>({
    text: `UPDATE comments SET deleted_at = now() WHERE comment_id = $1 AND deleted_at IS NULL
           RETURNING reply_count, taken_down_at, erased_at`,
    values: [commentId],
  })
  if (!row) throw notFound('comment')
  return {
    replies: row.reply_count,
    wasTakenDown: row.taken_down_at !== null,
    wasErased: row.erased_at !== null,
  }
}

/** @returns how many comments the photo has less. @throws DarkroomError not_found */
async function deleteThread(tx: Transaction, commentId: CommentId): Promise<number> {
  const { replies, wasTakenDown, wasErased } = await markDeleted(tx, commentId)
  return wasTakenDown ? 0 : (wasErased ? 0 : 1) + replies
}

/** The same for a reply; the parent's row first, as everywhere. */
async function deleteReply(tx: Transaction, parentId: CommentId, commentId: CommentId): Promise<number> {
  const [parent] = await tx.query<Pick<CommentRow, 'taken_down_at'>>({
    text: 'SELECT taken_down_at FROM comments WHERE comment_id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE',
    values: [parentId],
  })
  if (!parent) throw notFound('comment')
  const { wasTakenDown } = await markDeleted(tx, commentId)
  if (wasTakenDown) return 0
  await tx.query({
    text: 'UPDATE comments SET reply_count = reply_count - 1 WHERE comment_id = $1',
    values: [parentId],
  })
  return parent.taken_down_at === null ? 1 : 0
}
