import { MAX_CHARACTERS, MAX_ITEMS } from './limits.ts'
import { findLinks, isWithin } from './links.ts'

/** An `@` behind one of these belongs to what stands before it: an e-mail address, a path, another mention. */
const ATTACHING = String.raw`[\p{L}\p{N}\p{M}_@\uff20\/+&]`
/** As usernames are, but a dot or hyphen at the end is the sentence's. */
const NAME = `[A-Za-z0-9](?:[A-Za-z0-9_.\\-]{0,${MAX_CHARACTERS.username - 2}}[A-Za-z0-9_])?`
/** The name ends here: no letter that usernames do not have, and no host, as in `@ada@example.org`. */
const END = String.raw`(?![\p{L}\p{N}\p{M}_@\uff20])`

// The lookahead keeps what it has matched, so that a name is taken whole or not at all.
const MENTION = new RegExp(`(?<!${ATTACHING})[@\\uff20](?=(${NAME}))\\1${END}`, 'gv')

/**
 * The usernames that a text mentions as `@username`, in lower case, distinct, in order of first use, and at most
 * `MAX_ITEMS.mentionsPerComment`. Neither an e-mail address nor a URL mentions anyone.
 */
export function extractMentions(text: string): string[] {
  const found = [...text.matchAll(MENTION)]
  if (found.length === 0) return []
  const links = findLinks(text)
  const names = found.filter((match) => !isWithin(links, match.index)).map((match) => match[1]!.toLowerCase())
  return [...new Set(names)].slice(0, MAX_ITEMS.mentionsPerComment)
}
