import { RE2JS } from 're2js'
import { invalidField } from './errors.ts'
import type { BlockVerdict } from './screening.ts'
import { fold } from './text-folding.ts'

/** The texts that rules are for. */
export const TEXT_FIELDS = ['caption', 'comment', 'name'] as const
type TextField = (typeof TEXT_FIELDS)[number]

/** What texts may not say, and what becomes of them. */
export interface TextRule {
  /** A name for the report: what it is against. */
  reason: string
  verdict: BlockVerdict
  /** All by default. */
  fields?: readonly TextField[] | undefined
  /** Words, one after the other. */
  words?: string | undefined
  /** A regular expression of RE2, which takes linear time; of folded text, anywhere in it. */
  pattern?: string | undefined
}

interface TextMatch {
  reason: string
  verdict: BlockVerdict
}

/** Whether texts break rules, decided in time that grows with the text alone. */
export interface TextRules {
  /** The gravest rule that the text breaks. */
  match(field: TextField, text: string | null): TextMatch | undefined
}

const WORD = /[\p{L}\p{M}\p{N}]+/gu

/**
 * Rules in the order of their gravity. Texts are folded first, so that case, accents and widths hide nothing.
 * @throws SyntaxError naming a rule whose pattern is none, or that has neither words nor a pattern
 */
export function compileTextRules(rules: readonly TextRule[]): TextRules {
  const compiled = rules
    .map((rule) => ({ ...rule, breaks: testOf(rule) }))
    .sort((one, other) => gravity(other) - gravity(one))
  return {
    match(field, text) {
      if (!text) return undefined
      const folded = fold(text)
      const spoken = ` ${(folded.match(WORD) ?? []).join(' ')} `
      const broken = compiled.find(
        ({ fields, breaks }) => (fields ?? TEXT_FIELDS).includes(field) && breaks(folded, spoken),
      )
      return broken && { reason: broken.reason, verdict: broken.verdict }
    },
  }
}

/** Breaks nothing. */
export const NO_TEXT_RULES: TextRules = compileTextRules([])

/**
 * Refuses a text that breaks a rule, without telling which: that would be a guide around it.
 * @param texts by the paths that an answer names them by
 * @throws DarkroomError invalid
 */
export function assertKeepsRules(
  rules: TextRules,
  field: TextField,
  texts: Record<string, string | null | undefined>,
): void {
  for (const [path, text] of Object.entries(texts)) {
    if (rules.match(field, text ?? null)) throw invalidField(path, 'This text is against the rules.')
  }
}

function gravity({ verdict }: TextRule): number {
  return verdict === 'quarantine' ? 1 : 0
}

function testOf({ reason, words, pattern }: TextRule): (folded: string, spoken: string) => boolean {
  if (pattern !== undefined) {
    const compiled = compilePattern(reason, pattern)
    return (folded) => compiled.matcher(folded).find()
  }
  const phrase = (fold(words ?? '').match(WORD) ?? []).join(' ')
  if (phrase === '') throw new SyntaxError(`The text rule "${reason}" has neither words nor a pattern.`)
  return (_, spoken) => spoken.includes(` ${phrase} `)
}

function compilePattern(reason: string, pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (cause) {
    throw new SyntaxError(`The pattern of the text rule "${reason}" is no regular expression of RE2.`, {
      cause,
    })
  }
}
