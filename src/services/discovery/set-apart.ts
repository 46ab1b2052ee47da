/**
 * Puts photos of the same author apart: walks them from the first down and passes over those whose author stands among the last `distance`,
 * which come later. Photos that find no place at the end are left out, so that at least `distance` others stand between any two of an author;
 * fewer only where there are not so many authors.
 * @param photos in the order of preference
 */
export function setApart<Photo extends { ownerId: string }>(
  photos: readonly Photo[],
  distance: number,
): Photo[] {
  const authors = new Set(photos.map(({ ownerId }) => ownerId)).size
  const gap = Math.min(distance, Math.max(0, authors - 1))
  const waiting = [...photos]
  const placed: Photo[] = []
  for (;;) {
    const near = new Set(gap === 0 ? [] : placed.slice(-gap).map(({ ownerId }) => ownerId))
    const next = waiting.findIndex(({ ownerId }) => !near.has(ownerId))
    if (next === -1) return placed
    placed.push(...waiting.splice(next, 1))
  }
}
