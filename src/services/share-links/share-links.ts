import { v7 as uuidv7 } from 'uuid'
import { DarkroomError } from '../../domain/errors.ts'
import type { AlbumId } from '../../domain/ids.ts'
import { MAX_ITEMS } from '../../domain/limits.ts'
import type { LinkId, UserViewer } from '../../domain/viewer.ts'
import { ShareLink, type ShareLinkRow } from '../../entities/index.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { isLive } from '../../infra/db/rules.ts'
import type { Passwords } from '../accounts/passwords.ts'
import { assertRoleMay, findAlbum, holdAlbum } from '../albums/held-album.ts'
import { addToOutbox, type Outbox } from '../delivery/outbox.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { hashOfToken, newLinkToken } from './link-tokens.ts'

interface NewLink {
  label: string | null
  password: string | null
  expiresAt: Date | null
  maxViews: number | null
  allowUpload: boolean
}

/** A link as those who manage it see it. Nobody sees its token again. */
export interface LinkInfo {
  linkId: LinkId
  label: string | null
  hasPassword: boolean
  expiresAt: Date | null
  maxViews: number | null
  views: number
  allowUpload: boolean
  lastUsedAt: Date | null
  createdAt: Date
  state: 'live' | 'expired' | 'exhausted'
}

/** For the owner and the admins of an album. */
export interface ShareLinks {
  /** @returns the link with its token, which is not stored. @throws DarkroomError not_found, forbidden, quota_exceeded */
  create(viewer: UserViewer, albumId: AlbumId, link: NewLink): Promise<{ link: LinkInfo; token: string }>
  /** Latest first. @throws DarkroomError not_found, forbidden, bad_cursor */
  list(list: ListRead<UserViewer>, albumId: AlbumId): Promise<Page<LinkInfo>>
  /** Ends all that the link gave, at once. Idempotent. @throws DarkroomError not_found, forbidden */
  revoke(viewer: UserViewer, albumId: AlbumId, linkId: LinkId): Promise<void>
}

const COLUMNS = `l.link_id, l.label, l.password_hash IS NOT NULL AS has_password, l.expires_at, l.max_views, l.views,
  l.allow_upload, l.last_used_at, l.created_at,
  CASE WHEN NOT ${isLive('l')} THEN 'expired' WHEN l.views >= l.max_views THEN 'exhausted' ELSE 'live' END AS state`

type LinkRow = Pick<
  ShareLinkRow,
  'link_id' | 'label' | 'expires_at' | 'max_views' | 'views' | 'allow_upload' | 'last_used_at' | 'created_at'
> & { has_password: boolean; state: LinkInfo['state'] }

// Plan: a range of share_links_album_idx; an album has at most MAX_ITEMS.shareLinksPerAlbum.
const LIST = `
  SELECT ${COLUMNS} FROM share_links l WHERE l.album_id = $1 AND ($2::uuid IS NULL OR l.link_id < $2)
  ORDER BY l.link_id DESC LIMIT $3`

export interface ShareLinksDeps {
  db: Database
  outbox: Outbox
  passwords: Passwords
}

export function createShareLinks({ db, outbox, passwords }: ShareLinksDeps): ShareLinks {
  return {
    async create(viewer, albumId, link) {
      // Looked at before the password costs anything, and again under the lock.
      assertRoleMay((await findAlbum(db.primary, viewer, albumId)).role, 'share links to')
      const { password, ...given } = link
      const passwordHash = password === null ? null : await passwords.hash(password)
      const linkId = uuidv7()
      const token = newLinkToken()
      const [row, outboxId] = await db.transaction(async (tx) => {
        const { role, ownerId } = await holdAlbum(tx, viewer, albumId)
        assertRoleMay(role, 'share links to')
        await assertRoom(tx, albumId)
        const stored = { ...given, linkId, albumId, createdBy: viewer.userId, passwordHash }
        await run(
          tx.query,
          insertRow(ShareLink, { ...stored, tokenHash: hashOfToken(token) }, ['lastUsedAt', 'endedAt']),
        )
        const [inserted] = await tx.query<LinkRow>({
          text: `SELECT ${COLUMNS} FROM share_links l WHERE l.link_id = $1`,
          values: [linkId],
        })
        const payload = { linkId, ownerId }
        return [inserted!, await addToOutbox(tx, { kind: 'linkChanged', payload })] as const
      })
      await outbox.dispatch([outboxId])
      return { link: toInfo(row), token }
    },

    async list(list, albumId) {
      assertRoleMay((await findAlbum(list.query, list.viewer, albumId)).role, 'share links to')
      const [before] = list.after(['string']) ?? [null]
      const rows = await list.query<LinkRow>({
        name: 'share-links-list',
        text: LIST,
        values: [albumId, before, list.limit + 1],
      })
      return pageOfRows(
        list,
        rows,
        (row) => [row.link_id],
        (shown) => shown.map(toInfo),
      )
    },

    async revoke(viewer, albumId, linkId) {
      const outboxIds = await db.transaction(async (tx) => {
        const { role, ownerId } = await findAlbum(tx.query, viewer, albumId)
        assertRoleMay(role, 'share links to')
        const revoked = await tx.query({
          text: 'DELETE FROM share_links WHERE link_id = $1 AND album_id = $2 RETURNING 1',
          values: [linkId, albumId],
        })
        if (revoked.length === 0) return []
        return [await addToOutbox(tx, { kind: 'linkChanged', payload: { linkId, ownerId } })]
      })
      await outbox.dispatch(outboxIds)
    },
  }
}

/** The album is locked. @throws DarkroomError quota_exceeded */
async function assertRoom(tx: Transaction, albumId: AlbumId): Promise<void> {
  const [row] = await tx.query<{ links: number }>({
    text: 'SELECT count(*)::integer AS links FROM share_links WHERE album_id = $1',
    values: [albumId],
  })
  if (row!.links < MAX_ITEMS.shareLinksPerAlbum) return
  throw new DarkroomError(
    'quota_exceeded',
    `An album has at most ${MAX_ITEMS.shareLinksPerAlbum} share links.`,
  )
}

function toInfo(row: LinkRow): LinkInfo {
  return {
    linkId: row.link_id,
    label: row.label,
    hasPassword: row.has_password,
    expiresAt: row.expires_at,
    maxViews: row.max_views,
    views: row.views,
    allowUpload: row.allow_upload,
    lastUsedAt: row.last_used_at,
    createdAt: row.created_at,
    state: row.state,
  }
}
