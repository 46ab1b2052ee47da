import { createHash } from 'node:crypto'
import type { Config } from '../../config/config.ts'
import type { ModerationPlan } from '../../contracts/photo-moderation.ts'
import type { Thresholds } from '../../domain/screening.ts'
import type { TextRules } from '../../domain/text-rules.ts'
import type { TrustLevel } from '../../domain/trust.ts'
import { readTextRules } from '../../infra/text-rules.ts'

/** What the settings say of automatic moderation. */
export interface ScreeningPolicy {
  /** Of all that decides a verdict: another one means that verdicts may differ. */
  version: string
  thresholds: Thresholds
  /** How many of 64 bits a picture may differ by from one on the block list. */
  hashDistance: number
  textRules: TextRules
  /** Of a photo whose author is trusted so far. */
  planFor: (trust: TrustLevel) => ModerationPlan
}

const VERSION_DIGITS = 12
const MINUTE_MS = 60_000

/** @throws Error if the file of text rules cannot be read or holds something else */
export function readPolicy(config: Config): ScreeningPolicy {
  const thresholds = { limit: config.MODERATION_LIMIT_SCORE, quarantine: config.MODERATION_QUARANTINE_SCORE }
  const hashDistance = config.MODERATION_HASH_DISTANCE
  const { rules, compiled: textRules } = readTextRules(config.MODERATION_TEXT_RULES)
  const version = createHash('sha256')
    .update(JSON.stringify({ thresholds, hashDistance, rules }))
    .digest('hex')
  return {
    version: version.slice(0, VERSION_DIGITS),
    thresholds,
    hashDistance,
    textRules,
    planFor: (trust) => ({
      mode: config.MODERATION_PRE.includes(trust) ? 'pre' : 'post',
      escalateAfterMs: config.MODERATION_ESCALATE_MINUTES * MINUTE_MS,
      onOutage: config.MODERATION_ON_OUTAGE,
    }),
  }
}
