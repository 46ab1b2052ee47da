import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { LinkId } from '../../domain/viewer.ts'
import type { Cdn } from '../../infra/cdn/cdn.ts'
import type { Database } from '../../infra/db/database.ts'
import { imageUrl, OWNER_EPOCH } from '../photos/image-url.ts'
import {
  epochOfKey,
  MAX_EPOCH,
  negotiatedKeysBeside,
  variantKey,
  variantsPrefix,
} from '../photos/object-keys.ts'

interface Refusal {
  /** An edge, or a cache in front of the edges. */
  edge: string
  photoId: PhotoId
  /** URLs with a lower access epoch are to be refused. */
  minEpoch: number
  /** Keys of objects that are still stored: the edge forgets them. */
  standing: readonly string[]
  /** Keys of objects that are gone: the edge forgets them and must prove that it serves none. */
  gone: readonly string[]
}

export interface EdgeRefusals {
  /** The addresses of all edges. */
  edges: readonly string[]
  /** The caches in front of them, which refuse what the edges refuse once they are purged. */
  fronts: readonly string[]
  /**
   * Has one edge deny, forget and prove. It purges even if it cannot deny (its table is full): without its object a purged
   * URL is refused as well.
   * @returns how many cached entries were dropped
   * @throws EdgeStillServesError if it served a URL whose object is gone, DarkroomError `unavailable` if it did not confirm
   */
  refusePhoto(refusal: Refusal): Promise<{ purged: number }>
  /** Has one edge deny every photo of an account. @throws DarkroomError `unavailable` if it did not confirm */
  denyAccount(edge: string, userId: UserId, minEpoch: number): Promise<void>
  /** The same for those of its photos that are not public: their URLs are signed. */
  denyAudience(edge: string, userId: UserId, minEpoch: number): Promise<void>
  /**
   * Has one edge deny every URL that was issued through a share link, and prove it: one entry and one request, however many
   * photos the link showed.
   * @throws EdgeStillServesError, DarkroomError `unavailable` if it did not confirm
   */
  refuseLink(edge: string, linkId: LinkId): Promise<void>
}

/** An edge still serves a URL that it must refuse. */
class EdgeStillServesError extends Error {
  override readonly name = 'EdgeStillServesError'
}

/** Has an edge or a cache in front of the edges forget objects. @returns the paths under which something was cached */
export function purgeAt(cdn: Cdn, target: string, keys: readonly string[]): Promise<string[]> {
  // An edge caches objects; whatever is in front of it caches what it was asked for.
  const held = cdn.fronts.includes(target) ? withNegotiated(keys) : keys
  return cdn.purge(
    target,
    held.map((key) => `/${key}`),
  )
}

/** Of all sizes, as one of them may have given another's bytes to a client that saves data. */
const withNegotiated = (keys: readonly string[]) => [
  ...new Set([...keys, ...keys.flatMap(negotiatedKeysBeside)]),
]

export interface EdgeRefusalsDeps {
  db: Pick<Database, 'primary'>
  cdn: Cdn
  /** For signing the URLs that the edges are tested with. */
  cdnBaseUrl: string
  cdnSigningKey: string
}

export function createEdgeRefusals({ db, cdn, cdnBaseUrl, cdnSigningKey }: EdgeRefusalsDeps): EdgeRefusals {
  /** The URLs as issued before the epoch moved, since later ones name an object that is gone. */
  async function urlsOf(photoId: PhotoId, keys: readonly string[]): Promise<string[]> {
    const [owner] = await db.primary<{ user_id: UserId; access_epoch: number }>({
      text: `SELECT u.user_id, ${OWNER_EPOCH} AS access_epoch FROM users u WHERE u.user_id = coalesce(
        (SELECT owner_id FROM photos WHERE photo_id = $1), (SELECT owner_id FROM avatars WHERE avatar_id = $1))`,
      values: [photoId],
    })
    if (!owner) return []
    return withNegotiated(keys).flatMap((key) =>
      [true, false].map(
        (isPublic) =>
          imageUrl({
            baseUrl: cdnBaseUrl,
            key,
            accessEpoch: epochOfKey(key)!,
            owner: { userId: owner.user_id, accessEpoch: owner.access_epoch },
            isPublic,
            signingKey: cdnSigningKey,
            now: new Date(),
          }).url,
      ),
    )
  }

  return {
    edges: cdn.edges,
    fronts: cdn.fronts,

    async refusePhoto({ edge, photoId, minEpoch, standing, gone }) {
      const served = (keys: readonly string[]) =>
        keys.filter((key) => key.startsWith(variantsPrefix(photoId)))
      const isFront = cdn.fronts.includes(edge)
      const [denial] = await Promise.allSettled([isFront ? null : cdn.deny(edge, { photoId }, minEpoch)])
      const cached = await purgeAt(cdn, edge, served([...standing, ...gone]))
      if (denial.status === 'rejected') throw denial.reason
      const still = await cdn.findServed(edge, await urlsOf(photoId, served(gone)))
      if (still.length > 0)
        throw new EdgeStillServesError(`${still.length} URLs are still served: ${still[0]!.path}`)
      return { purged: cached.length }
    },

    denyAccount: (edge, userId, minEpoch) => cdn.deny(edge, { userId }, minEpoch),
    denyAudience: (edge, userId, minEpoch) => cdn.deny(edge, { audienceOf: userId }, minEpoch),

    async refuseLink(edge, linkId) {
      await cdn.deny(edge, { linkId }, 1)
      // Of no image, so that nothing but the link can be the reason.
      const { url } = imageUrl({
        baseUrl: cdnBaseUrl,
        key: variantKey(linkId, 0, 'none', 'webp'),
        accessEpoch: 0,
        owner: { userId: '1', accessEpoch: MAX_EPOCH },
        isPublic: false,
        link: { linkId, expiresAt: null },
        signingKey: cdnSigningKey,
        now: new Date(),
      })
      if (!(await cdn.denies(edge, url)))
        throw new EdgeStillServesError(`URLs of link ${linkId} are still served`)
    },
  }
}
