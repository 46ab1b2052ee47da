export const ORIENTATIONS = ['landscape', 'portrait', 'square'] as const
export type Orientation = (typeof ORIENTATIONS)[number]

/** Sides that differ by less than a fiftieth count as equal: crops by hand are seldom exact. */
const SQUARE_WITHIN = 1.02

/** How a picture lies, by its size as it is shown; null while that is unknown. */
export function orientationOf(width: number | null, height: number | null): Orientation | null {
  if (width === null || height === null) return null
  if (Math.max(width, height) < Math.min(width, height) * SQUARE_WITHIN) return 'square'
  return width > height ? 'landscape' : 'portrait'
}
