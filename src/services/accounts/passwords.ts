import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import { DarkroomError } from '../../domain/errors.ts'
import { createTurnstile } from '../../infra/concurrency/turnstile.ts'

/** OWASP Password Storage Cheat Sheet: argon2id with m = 19 MiB, t = 2, p = 1. */
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
/** How every hash of today begins (the PHC string format). */
const PRESENT = `$argon2id$v=19$m=${ARGON2ID.memoryCost},t=${ARGON2ID.timeCost},p=${ARGON2ID.parallelism}$`

/** Instead of a hash, of an account that has no password: none matches, and refusing it takes as long as anywhere. */
export const NO_PASSWORD = `${PRESENT}${'A'.repeat(22)}$${'A'.repeat(43)}`

/** Each run takes 19 MiB and some 20 ms of a core; more at once than cores (those of the container) would only take memory. */
const MAX_RUNNING = availableParallelism()
/** With this many waiting, the wait is seconds already; further calls are refused. */
const MAX_WAITING = 100
/** A network that floods sign-ins leaves most of the line to others. */
const MAX_WAITING_PER_NETWORK = 20

export interface Passwords {
  /** @param network whose line it waits in, if anybody may ask for it */
  hash(password: string, network?: string): Promise<string>
  /** Whether the password matches the hash. Takes just as long without a hash, for unknown accounts. */
  matches(password: string, hash: string | undefined, network?: string): Promise<boolean>
  /** Whether the hash was made with other parameters than those of today. */
  isOutdated(hash: string): boolean
}

/** argon2id with a bounded number of concurrent runs. @throws DarkroomError unavailable when too many wait */
export function createPasswords(): Passwords {
  const take = createTurnstile({
    maxRunning: MAX_RUNNING,
    maxWaiting: MAX_WAITING,
    maxWaitingPerGroup: MAX_WAITING_PER_NETWORK,
    refuse: refuseForNow,
  })
  const hashing = (password: string) => hash(password, { ...ARGON2ID })
  // Computed in advance, so that the first unknown user does not wait for it.
  const dummy = hashing('no account has this password')
  dummy.catch(() => undefined)
  return {
    hash: (password, network) => take(() => hashing(password), network),
    async matches(password, stored, network) {
      const against = stored ?? (await dummy)
      return (await take(() => verify(against, password), network)) && stored !== undefined
    },
    isOutdated: (stored) => !stored.startsWith(PRESENT),
  }
}

function refuseForNow(): never {
  throw new DarkroomError('unavailable', 'Too many sign-ins at once; try again.', { retryAfterSeconds: 2 })
}
