import { DarkroomError, notFound } from '../../domain/errors.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { MAX_ITEMS } from '../../domain/limits.ts'
import { DropBoxItem } from '../../entities/index.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { isLive } from '../../infra/db/rules.ts'
import type { NewPhoto } from '../photos/new-photo.ts'
import type { PendingUploads, PresignedPut } from '../uploads/open-upload.ts'
import type { LinkTokens } from './link-tokens.ts'
import type { VisitedLink } from './visits.ts'

interface GuestPhoto extends Pick<NewPhoto, 'contentType' | 'bytes' | 'sha256'> {
  /** What the guest calls it, or themselves. */
  name: string | null
}

/** Uploads by those who have a link. The photos are the album owner's, offered to them, and seen by nobody else. */
export interface GuestUploads {
  /**
   * @returns the signed PUT, and a ticket to report its end with
   * @throws DarkroomError forbidden unless the link takes uploads, quota_exceeded, too_large, not_found
   */
  open(link: VisitedLink, photo: GuestPhoto): Promise<{ upload: PresignedPut; ticket: string }>
  /** Reports the uploaded original. @throws DarkroomError not_found, not_uploaded, upload_closed */
  complete(link: VisitedLink, ticket: string): Promise<void>
}

export interface GuestUploadsDeps {
  pendingUploads: PendingUploads
  tokens: LinkTokens
}

export function createGuestUploads({ pendingUploads, tokens }: GuestUploadsDeps): GuestUploads {
  return {
    async open(link, { name, ...file }) {
      if (!link.allowUpload) throw new DarkroomError('forbidden', 'This link takes no uploads.')
      const { ownerId, linkId } = link
      const { card, upload } = await pendingUploads
        .open(
          ownerId,
          { ...PRIVATE, ...file },
          { beside: (tx, photoId) => putIntoDropBox(tx, link, photoId, name) },
        )
        .catch((error: unknown) => {
          throw withoutFigures(error)
        })
      return { upload, ticket: await tokens.ticket(linkId, { ownerId, photoId: card.photoId }) }
    },

    async complete({ linkId }, ticket) {
      const upload = await tokens.readTicket(ticket, linkId)
      if (!upload) throw notFound('upload')
      await pendingUploads.complete(upload.ownerId, upload.photoId)
    },
  }
}

/** The photos count for the owner, but how much they have stored is nothing for guests. */
function withoutFigures(error: unknown): unknown {
  if (!(error instanceof DarkroomError)) return error
  const { code, retryAfterSeconds } = error
  if (code === 'quota_exceeded') return boxFull()
  if (code !== 'rate_limited' || retryAfterSeconds === undefined) return error
  return new DarkroomError(code, 'Too many photos at once; wait for a while.', { retryAfterSeconds })
}

const boxFull = () =>
  new DarkroomError('quota_exceeded', 'The drop box is full until its owner has looked at it.')

/** What the owner does not say of a guest's photo is not shown to anyone. */
const PRIVATE = {
  caption: null,
  altText: null,
  visibility: 'private',
  shareLocation: false,
  shareCamera: false,
  shareTakenAt: true,
  shareText: false,
  allowDownload: false,
  commentPolicy: null,
  sensitive: false,
  takenAt: undefined,
  location: undefined,
} as const satisfies Partial<NewPhoto>

// The album before the link, as its deletion takes them.
const HOLD_ALBUM = 'SELECT FROM albums WHERE album_id = $1 AND owner_id = $2 FOR SHARE'
const HOLD_LINK = `SELECT FROM share_links l WHERE l.link_id = $1 AND ${isLive('l')} FOR KEY SHARE`

/** The owner's uploads are locked, so the counts are exact. @throws DarkroomError not_found, quota_exceeded */
async function putIntoDropBox(
  tx: Transaction,
  { linkId, albumId, ownerId }: VisitedLink,
  photoId: PhotoId,
  name: string | null,
): Promise<void> {
  const albums = await tx.query({ text: HOLD_ALBUM, values: [albumId, ownerId] })
  const links = await tx.query({ text: HOLD_LINK, values: [linkId] })
  if (albums.length === 0 || links.length === 0) throw notFound('link')
  await run(tx.query, insertRow(DropBoxItem, { photoId, albumId, linkId, name }))
  const [waiting] = await tx.query<{ of_album: number; of_link: number; of_day: number; uploading: number }>({
    text: WAITING,
    values: [albumId, linkId, ownerId],
  })
  if (
    waiting!.of_album > MAX_ITEMS.dropBoxPhotosPerAlbum ||
    waiting!.of_link > MAX_ITEMS.dropBoxPhotosPerLink ||
    waiting!.of_day > MAX_ITEMS.guestUploadsPerLinkAndDay ||
    waiting!.uploading > MAX_ITEMS.guestUploadsPerOwner
  ) {
    throw boxFull()
  }
}

// Plan: drop_box_items_album_idx, drop_box_items_link_idx and the owner's pending photos, with one probe for each. What came to
// nothing leaves after a day, what was decided after a month.
const WAITING = `
  SELECT count(*)::integer AS of_album, count(*) FILTER (WHERE d.link_id = $2)::integer AS of_link,
    (SELECT count(*)::integer FROM drop_box_items d
      WHERE d.link_id = $2 AND d.created_at > now() - interval '1 day') AS of_day,
    (SELECT count(*)::integer FROM photos p
      WHERE p.owner_id = $3 AND p.status IN ('awaiting_upload', 'processing')
        AND EXISTS (SELECT FROM drop_box_items d WHERE d.photo_id = p.photo_id)) AS uploading
  FROM drop_box_items d JOIN photos p ON p.photo_id = d.photo_id
  WHERE d.album_id = $1 AND p.status IN ('awaiting_upload', 'processing', 'offered')`
