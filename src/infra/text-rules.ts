import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { MAX_CHARACTERS } from '../domain/limits.ts'
import { BLOCK_VERDICTS } from '../domain/screening.ts'
import { compileTextRules, TEXT_FIELDS, type TextRule, type TextRules } from '../domain/text-rules.ts'
import { messageOf } from '../observability/error-text.ts'

export interface TextRulesFile {
  rules: readonly TextRule[]
  compiled: TextRules
}

const schema = z.array(
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

/**
 * Reads the file that MODERATION_TEXT_RULES names; without one there are no rules.
 * @throws Error if it cannot be read or holds something else
 */
export function readTextRules(file: string | undefined): TextRulesFile {
  if (file === undefined) return { rules: [], compiled: compileTextRules([]) }
  try {
    const rules = schema.parse(JSON.parse(readFileSync(file, 'utf8')))
    return { rules, compiled: compileTextRules(rules) }
  } catch (error) {
    throw new Error(`MODERATION_TEXT_RULES: ${messageOf(error)}`, { cause: error })
  }
}
