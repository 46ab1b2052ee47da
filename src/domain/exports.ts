/** `preparing` until the archive is `ready`; its time ends (`expired`), or its owner ends it before (`deleted`). */
export const EXPORT_STATUSES = ['preparing', 'ready', 'expired', 'deleted'] as const
export type ExportStatus = (typeof EXPORT_STATUSES)[number]

/** Whatever becomes of them: each reads all that an account has stored. */
export const MAX_EXPORTS_PER_DAY = 3

/** For so long after its end, the account still finds an export in its list. */
export const ENDED_EXPORTS_KEPT_DAYS = 30

/** S3 takes no smaller part but the last, and no more parts than these. */
const MIN_PART_BYTES = 8 * 1024 ** 2
const MAX_PARTS = 10_000

/** What the documents and the records of the ZIP take for each photo, at most and on average. */
const BESIDE_A_PHOTO_BYTES = 8 * 1024

/**
 * How long parts of an archive get at least, so that their number suffices, with room for what the estimate misses.
 * @param bytes of all originals
 */
export function exportPartBytes(originals: { photos: number; bytes: number }): number {
  const estimate = originals.bytes + originals.photos * BESIDE_A_PHOTO_BYTES
  return Math.max(MIN_PART_BYTES, Math.ceil((estimate * 1.25) / MAX_PARTS))
}
