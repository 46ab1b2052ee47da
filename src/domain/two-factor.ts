/** By what an account proves itself beside its password. */
export const SECOND_FACTOR_METHODS = ['totp', 'recovery_code', 'passkey'] as const
type SecondFactorMethod = (typeof SECOND_FACTOR_METHODS)[number]

/** The second factors that an account has. */
export interface SecondFactors {
  /** An authenticator app. */
  totp: boolean
  passkeys: number
  /** Those that are left. */
  recoveryCodes: number
}

/** Recovery codes stand in for a factor that is lost; by themselves they ask for nothing. */
export const hasSecondFactor = ({ totp, passkeys }: SecondFactors): boolean => totp || passkeys > 0

/** What the account may sign in with beside its password. */
export function methodsOf({ totp, passkeys, recoveryCodes }: SecondFactors): SecondFactorMethod[] {
  return SECOND_FACTOR_METHODS.filter(
    (method) => ({ totp, recovery_code: recoveryCodes > 0, passkey: passkeys > 0 })[method],
  )
}

/** A code as it is compared: of an authenticator app, or one of the recovery codes. */
interface TypedCode {
  method: 'totp' | 'recovery_code'
  code: string
}

const TOTP_CODE = /^\d{6}$/
/** Crockford's base 32 in lower case: no i, l, o or u. */
export const RECOVERY_ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
/** 120 bits: behind a hash, OWASP's ASVS 6.5.2 asks for 112 where the hash is a fast one. */
export const RECOVERY_CHARACTERS = 24
const RECOVERY_CODE = new RegExp(`^[${RECOVERY_ALPHABET}]{${RECOVERY_CHARACTERS}}$`)

/**
 * Reads a code as people type it: spaces and hyphens anywhere, either case, and the letters that look like digits.
 * @returns undefined for what cannot be a code
 */
export function readCode(typed: string): TypedCode | undefined {
  const code = typed.replace(/[\s-]/g, '').toLowerCase()
  if (TOTP_CODE.test(code)) return { method: 'totp', code }
  const recovery = code.replaceAll('o', '0').replace(/[il]/g, '1')
  return RECOVERY_CODE.test(recovery) ? { method: 'recovery_code', code: recovery } : undefined
}

/** As it is shown: in groups of four. */
export const shownRecoveryCode = (code: string): string => code.match(/.{4}/g)!.join('-')
