import { createHash } from 'node:crypto'

/** A weak ETag of an answer; for a photo or an account it starts with the version that If-Match is compared with. */
export function etagOf(text: string, version?: number | string): string {
  const digest = digestOf(text)
  return version === undefined ? `W/"${digest}"` : `W/"${version}.${digest}"`
}

/** Of what has no number for a version. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}

const MAX_TAGS = 20
const TAG = /^(?:W\/)?"([\x21\x23-\x7e]*)"$/

/**
 * The opaque tags of an If-Match header; `'*'` for any. Weak tags count, as all ours are weak. A malformed header matches nothing.
 */
export function tagsOf(ifMatch: string): '*' | string[] {
  if (ifMatch.trim() === '*') return '*'
  return ifMatch
    .split(',', MAX_TAGS)
    .map((part) => TAG.exec(part.trim())?.[1])
    .filter((tag) => tag !== undefined)
}

/**
 * The photo versions that an If-Match header names; undefined if it restricts nothing. Only versions
 * count, so that newly signed image URLs or a new like do not make an edit fail.
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
