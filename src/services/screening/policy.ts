import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Config } from '../../config/config.ts'
import type { ModerationPlan } from '../../contracts/photo-moderation.ts'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import { BLOCK_VERDICTS, type Thresholds } from '../../domain/screening.ts'
import { compileTextRules, TEXT_FIELDS, type TextRules } from '../../domain/text-rules.ts'
import type { TrustLevel } from '../../domain/trust.ts'
import { messageOf } from '../../observability/error-text.ts'

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

const rulesSchema = z.array(
  z
    .strictObject({
      reason: z.string().min(1).max(MAX_CHARACTERS.blockReason),
      verdict: z.enum(BLOCK_VERDICTS),
      fields: z.array(z.enum(TEXT_FIELDS)).optional(),
      words: z.string().optional(),
      pattern: z.string().optional(),
    })
    .refine(({ words, pattern }) => (words === undefined) !== (pattern === undefined), 'words or pattern'),
)

/** @throws Error if the file of text rules cannot be read or holds something else */
export function readPolicy(config: Config): ScreeningPolicy {
  const thresholds = { limit: config.MODERATION_LIMIT_SCORE, quarantine: config.MODERATION_QUARANTINE_SCORE }
  const hashDistance = config.MODERATION_HASH_DISTANCE
  const { rules, textRules } = readTextRules(config.MODERATION_TEXT_RULES)
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

function readTextRules(file: string | undefined): { rules: unknown; textRules: TextRules } {
  if (file === undefined) return { rules: [], textRules: compileTextRules([]) }
  try {
    const rules = rulesSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
    return { rules, textRules: compileTextRules(rules) }
  } catch (error) {
    throw new Error(`MODERATION_TEXT_RULES: ${messageOf(error)}`, { cause: error })
  }
}
