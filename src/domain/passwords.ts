import { dictionary } from '@zxcvbn-ts/language-common'

/** NIST SP 800-63B: at least 8 characters, at least 64 allowed, no rules of composition. */
export const MIN_PASSWORD = 8
export const MAX_PASSWORD = 256

/** Fewer characters than this beside one's own name are guessed with it. */
const MIN_BESIDE_NAME = 5

/** Some 49,000 from published leaks; see the package for their sources. Those that are too short anyway take no memory. */
const COMMON: ReadonlySet<string> = new Set(
  dictionary['passwords-common'].filter((password) => password.length >= MIN_PASSWORD),
)

/**
 * Why a password is refused that somebody chooses, or undefined if it is good. Case makes no difference, as those who guess try
 * both (NIST SP 800-63B-4, 3.1.1.2: a list of common ones, and what is specific to the account).
 * @param names what the account and the service are called
 */
export function weaknessOf(password: string, names: readonly (string | null)[]): string | undefined {
  const folded = password.normalize('NFKC').toLowerCase()
  if (COMMON.has(folded)) return 'Too common: it is among the first that are guessed.'
  if (new Set(folded).size < 3) return 'Too few different characters.'
  for (const name of names) {
    const own = name?.normalize('NFKC').toLowerCase().replaceAll(/\s/g, '') ?? ''
    if (own.length < 3) continue
    const rest = folded.replaceAll(/\s/g, '').split(own).join('')
    if (rest.length < folded.replaceAll(/\s/g, '').length && rest.length < MIN_BESIDE_NAME)
      return 'Too much like the name of the account or of the service.'
  }
  return undefined
}
