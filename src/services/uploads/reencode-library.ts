import {
  addTallies,
  decodedIn,
  NOTHING_REENCODED,
  type ReencodeSelection,
  type ReencodeSliceInput,
  type ReencodeSliceResult,
  type ReencodeTally,
  type VariantTally,
} from '../../contracts/library-reencode.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { isInShare } from '../../domain/library-share.ts'
import { InvalidImageError } from '../../domain/invalid-image.ts'
import { mayMove, renditionsOf, storedAs, type Rendition } from '../../domain/variants.ts'
import { isValidated } from '../../domain/visibility.ts'
import type { PhotoRow, PhotoVariantRow } from '../../entities/index.ts'
import type { Cdn } from '../../infra/cdn/cdn.ts'
import type { Query } from '../../infra/db/database.ts'
import { ObjectMissingError } from '../../infra/s3/object-store.ts'
import { countPhotos, FIRST_ID, type SliceOptions } from '../photos/library-walk.ts'
import { fillInHash } from './fill-in-hash.ts'
import { makeAndStore } from './make-variants.ts'
import {
  UnwantedVariantError,
  EpochMovedError,
  OriginalColdError,
  PhotoGoneError,
  UndecodableError,
  type RenderDeps,
} from './store-variant.ts'

/**
 * Makes variants that are missing, or were made with former settings, for photos in the order of their ids, and gives a perceptual
 * hash to those that have none.
 */
export interface LibraryReencoder {
  count(): Promise<number>
  /** Repeating a slice makes nothing twice, unless the selection is forced. */
  slice(input: ReencodeSliceInput, options: SliceOptions<ReencodeSliceResult>): Promise<ReencodeSliceResult>
}

/** Ids that are read at once, of which a canary takes a few. */
const IDS = 1_000
/** Photos whose variants are read at once. */
const PHOTOS = 50

export function createLibraryReencoder(deps: RenderDeps & { cdn: Cdn }): LibraryReencoder {
  const { primary } = deps.db
  return {
    count: () => countPhotos(primary),

    async slice({ selection, share, after, maxPhotos }, { maxMs, onReached, signal }) {
      const endsAt = performance.now() + maxMs
      const purge = openPurge(deps.cdn, selection)
      let reached: ReencodeSliceResult = { after, tally: NOTHING_REENCODED, isAtEnd: false }
      const reach = (next: PhotoId, tally: ReencodeTally) => {
        reached = { after: next, tally: addTallies(reached.tally, tally), isAtEnd: false }
        onReached(reached)
      }
      // Their originals were fetched, and nothing was made.
      let inVain = 0
      const isOver = () => performance.now() > endsAt || decodedIn(reached.tally) + inVain >= maxPhotos
      for (;;) {
        const ids = await idsAfter(primary, reached.after ?? FIRST_ID)
        const chosen = ids.filter((photoId) => isInShare(photoId, share))
        for (let at = 0; at < chosen.length; at += PHOTOS) {
          for (const photo of await loadStored(primary, chosen.slice(at, at + PHOTOS))) {
            signal.throwIfAborted()
            if (isOver()) return reached
            const due = toMake(photo, selection)
            const made = due.length > 0 ? await reencodePhoto(deps, photo.photo_id, due, purge, signal) : {}
            if (due.length > 0 && !made.rendered && !made.failed) inVain += 1
            // After its thumbnail, of which the hash is made.
            const hashed = lacksHash(photo) ? await fillInHash(deps, photo.photo_id, signal) : {}
            reach(
              photo.photo_id,
              addTallies({ ...NOTHING_REENCODED, seen: 1, ...made }, { ...NOTHING_REENCODED, ...hashed }),
            )
          }
        }
        if (ids.length < IDS) return { ...reached, isAtEnd: true }
        reach(ids.at(-1)!, NOTHING_REENCODED)
        if (isOver()) return reached
      }
    },
  }
}

/** Plan: photos_pkey, index only. */
async function idsAfter(query: Query, after: PhotoId): Promise<PhotoId[]> {
  const rows = await query<{ photo_id: PhotoId }>({
    text: 'SELECT photo_id FROM photos WHERE photo_id > $1 ORDER BY photo_id LIMIT $2',
    values: [after, IDS],
  })
  return rows.map((row) => row.photo_id)
}

type StoredPhoto = Pick<
  PhotoRow,
  'photo_id' | 'status' | 'content_type' | 'width' | 'height' | 'allow_download' | 'animation_frames'
> & {
  /** Their recipes are null where they are unknown. */
  variants: Pick<PhotoVariantRow, 'variant' | 'format' | 'recipe'>[]
  /** It has none of its own, because it is older than hashes or has no features. */
  lacks_hash: boolean
}

/** In the order of ids. Plan: a probe of photos_pkey and one of photo_variants_pkey for each. */
function loadStored(query: Query, photoIds: readonly PhotoId[]): Promise<StoredPhoto[]> {
  return query<StoredPhoto>({
    text: `SELECT p.photo_id, p.status, p.content_type, p.width, p.height, p.allow_download, p.animation_frames,
        p.perceptual_hash IS NULL AND p.likeness IS NOT NULL AS lacks_hash,
        (SELECT coalesce(json_agg(json_build_object('variant', v.variant, 'format', v.format, 'recipe', v.recipe)), '[]')
          FROM photo_variants v WHERE v.photo_id = p.photo_id) AS variants
      FROM photos p WHERE p.photo_id = ANY ($1::uuid[]) ORDER BY p.photo_id`,
    values: [photoIds],
  })
}

const lacksHash = ({ status, lacks_hash: lacks }: StoredPhoto): boolean => lacks && isValidated(status)

function toMake(
  { status, width, height, variants, ...photo }: StoredPhoto,
  { sizes, formats, force }: ReencodeSelection,
): Rendition[] {
  if (!isValidated(status) || width === null || height === null) return []
  const { allow_download: allowDownload } = photo
  // Where it is not known whether it moves, making the animation finds out.
  const animationFrames = photo.animation_frames ?? Number(mayMove(photo.content_type))
  return renditionsOf({ width, height, allowDownload, animationFrames }).filter(
    (rendition) =>
      (!sizes || sizes.includes(rendition.variant)) &&
      (!formats || formats.includes(rendition.format)) &&
      (force || storedAs(rendition, variants)?.recipe !== rendition.recipe),
  )
}

/** @throws what is worth a retry: storage, database or children are away, or it was cancelled */
async function reencodePhoto(
  deps: RenderDeps,
  photoId: PhotoId,
  due: readonly Rendition[],
  purge: Purge,
  signal: AbortSignal,
): Promise<Partial<ReencodeTally>> {
  const failed = (code: string) => ({ failed: 1, failures: [{ photoId, code }] })
  let results
  try {
    results = await makeAndStore(deps, photoId, due, signal)
  } catch (error) {
    if (error instanceof InvalidImageError) return failed(error.code)
    if (error instanceof UndecodableError) return failed('undecodable')
    if (error instanceof OriginalColdError) return failed('original_cold')
    if (error instanceof ObjectMissingError) return failed('original_missing')
    throw error
  }
  const variants: Record<string, VariantTally> = {}
  const replaced: string[] = []
  let outcome: Partial<ReencodeTally> = { rendered: 1 }
  for (const result of results) {
    if (result.ok) {
      const { variant, format, bytes, bytesBefore, key } = result
      variants[`${variant}.${format}`] = tallyOf(bytes, bytesBefore)
      if (bytesBefore !== undefined) replaced.push(`/${key}`)
    } else if (result.error instanceof PhotoGoneError) outcome = {}
    else if (result.error instanceof UnwantedVariantError) {
      if (!results.some(({ ok }) => ok)) outcome = {}
    } else if (result.error instanceof EpochMovedError) outcome = { postponed: 1 }
    else if (result.of === 'image') outcome = failed('undecodable')
    else throw result.error
  }
  return { ...outcome, variants, unpurged: await purge(replaced) }
}

function tallyOf(bytes: number, bytesBefore: number | undefined): VariantTally {
  const nothing = { added: 0, addedBytes: 0, replaced: 0, bytesBefore: 0, bytesAfter: 0 }
  return bytesBefore === undefined
    ? { ...nothing, added: 1, addedBytes: bytes }
    : { ...nothing, replaced: 1, bytesBefore, bytesAfter: bytes }
}

/** Has every edge drop paths. @returns how many it was not confirmed for, counted for each edge */
type Purge = (paths: readonly string[]) => Promise<number>

/** An edge that does not answer is not asked again within the slice, so that it holds up nothing. */
function openPurge(cdn: Cdn, selection: ReencodeSelection): Purge {
  const away = new Set<string>()
  return async (paths) => {
    if (!selection.purge || paths.length === 0) return 0
    await Promise.all(
      [...cdn.edges, ...cdn.fronts]
        .filter((edge) => !away.has(edge))
        .map((edge) => cdn.purge(edge, paths).catch(() => void away.add(edge))),
    )
    return away.size * paths.length
  }
}
