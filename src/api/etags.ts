import { createHash } from 'node:crypto'

/** A weak ETag over an answer; of one photo it begins with the photo's version, which If-Match is compared by. */
export function etagOf(text: string, version?: number): string {
  const digest = createHash('sha256').update(text).digest('base64url').slice(0, 22)
  return version === undefined ? `W/"${digest}"` : `W/"${version}.${digest}"`
}

const MAX_TAGS = 20
const TAG = /^(?:W\/)?"([\x21\x23-\x7e]*)"$/

/**
 * The opaque tags of an If-Match header; `'*'` for any. Weak tags count: ours all are. A malformed header matches nothing.
 */
export function tagsOf(ifMatch: string): '*' | string[] {
  if (ifMatch.trim() === '*') return '*'
  return ifMatch
    .split(',', MAX_TAGS)
    .map((part) => TAG.exec(part.trim())?.[1])
    .filter((tag) => tag !== undefined)
}

/**
 * The photo versions that an If-Match header names, or undefined if it restricts nothing. Compared by version alone, so
 * that an edit does not fail because image URLs were signed anew or somebody liked the photo since.
 */
export function versionsOf(ifMatch: string): number[] | undefined {
  if (ifMatch === '') return undefined
  const tags = tagsOf(ifMatch)
  if (tags === '*') return undefined
  return tags
    .map((tag) => /^(\d{1,9})\./.exec(tag)?.[1])
    .filter((version) => version !== undefined)
    .map(Number)
}
