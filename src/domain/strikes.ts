import { DAY_MS } from './moderation.ts'

/** A decision against the account that counts as a strike until a date. */
export interface Strike {
  at: Date
  until: Date
}

/** From how many strikes on an account is limited, suspended for a week, and suspended for three months. */
export interface StrikeThresholds {
  limit: number
  suspend: number
  suspendLonger: number
}

const SUSPENDED_DAYS = 7
const SUSPENDED_LONGER_DAYS = 90

/** A measure that strikes bring by their number, and when it ends. */
export interface StrikeMeasure {
  action: 'limit' | 'suspend'
  until: Date
}

/**
 * What an account's strikes bring by their number. The limit lasts while there are enough of them; a suspension begins with the
 * strike that came last.
 * @param strikes those that count now, in any order
 */
export function measuresOf(strikes: readonly Strike[], thresholds: StrikeThresholds): StrikeMeasure[] {
  const count = strikes.length
  const measures: StrikeMeasure[] = []
  if (count >= thresholds.limit) {
    const ends = strikes.map(({ until }) => until.getTime()).sort((one, other) => other - one)
    measures.push({ action: 'limit', until: new Date(ends[thresholds.limit - 1]!) })
  }
  if (count >= thresholds.suspend) {
    const days = count >= thresholds.suspendLonger ? SUSPENDED_LONGER_DAYS : SUSPENDED_DAYS
    measures.push({ action: 'suspend', until: new Date(latestOf(strikes)!.getTime() + days * DAY_MS) })
  }
  return measures
}

/** When the last of the strikes was given. */
export function latestOf(strikes: readonly Strike[]): Date | undefined {
  if (strikes.length === 0) return undefined
  return new Date(Math.max(...strikes.map(({ at }) => at.getTime())))
}
