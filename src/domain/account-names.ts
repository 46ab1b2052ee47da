import { MAX_CHARACTERS, MAX_ITEMS } from './limits.ts'
import { fold } from './text-folding.ts'

/** What stands around a word: quotes, brackets, dashes, an @. */
const AROUND = /^[^\p{L}\p{N}]+|[^\p{L}\p{N}\p{M}]+$/gu
const BETWEEN = /[^\p{L}\p{N}\p{M}]+/u

/**
 * The folded words that an account is found by, each from its beginning: what stands between spaces in its names, and the
 * parts of it (`jean-luc`, `jean`, `luc`).
 */
export function wordsOfAccount(username: string, displayName: string | null): string[] {
  const words = tokensOf(`${username} ${displayName ?? ''}`)
  const parts = words.flatMap((word) => word.split(BETWEEN))
  const all = [...words, ...parts].map(shortened).filter((word) => word !== '')
  return [...new Set(all)].slice(0, MAX_ITEMS.wordsPerAccount)
}

/** The folded beginnings that a search for accounts asks for, the longest first; none if it has no letter or digit. */
export function wordsOfNameQuery(query: string): string[] {
  const words = [...new Set(tokensOf(query).map(shortened))].slice(0, MAX_ITEMS.wordsPerNameQuery)
  return words.toSorted((one, other) => other.length - one.length)
}

function tokensOf(text: string): string[] {
  return fold(text)
    .split(/\s+/)
    .map((token) => token.replaceAll(AROUND, ''))
    .filter((token) => token !== '')
}

const shortened = (word: string) => [...word].slice(0, MAX_CHARACTERS.accountWord).join('')
