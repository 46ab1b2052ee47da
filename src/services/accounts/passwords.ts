import { cpus } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import { DarkroomError } from '../../domain/errors.ts'
import { createTurnstile } from '../../infra/concurrency/turnstile.ts'

/** OWASP Password Storage Cheat Sheet: argon2id with m = 19 MiB, t = 2, p = 1. */
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** Each run takes 19 MiB and some 20 ms of a core; more at once than cores would only take memory. */
const MAX_RUNNING = Math.max(1, cpus().length)
/** With this many waiting, the wait is seconds already; further calls are refused. */
const MAX_WAITING = 100

export interface Passwords {
  hash(password: string): Promise<string>
  /** Whether the password matches the hash. Takes just as long without a hash, for unknown accounts. */
  matches(password: string, hash: string | undefined): Promise<boolean>
}

/** argon2id with a bounded number of concurrent runs. @throws DarkroomError unavailable when too many wait */
export function createPasswords(): Passwords {
  const take = createTurnstile({ maxRunning: MAX_RUNNING, maxWaiting: MAX_WAITING, refuse: refuseForNow })
  const hashing = (password: string) => hash(password, { ...ARGON2ID })
  // Computed in advance, so that the first unknown user does not wait for it.
  const dummy = hashing('no account has this password')
  dummy.catch(() => undefined)
  return {
    hash: (password) => take(() => hashing(password)),
    async matches(password, stored) {
      const against = stored ?? (await dummy)
      return (await take(() => verify(against, password))) && stored !== undefined
    },
  }
}

function refuseForNow(): never {
  throw new DarkroomError('unavailable', 'Too many sign-ins at once; try again.', { retryAfterSeconds: 2 })
}
