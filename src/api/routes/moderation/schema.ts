import { z } from 'zod'
import { MAX_CHARACTERS } from '../../../domain/limits.ts'
import { SUBJECT_TYPES } from '../../../domain/moderation.ts'

/** What a case, report or decision is about. */
export const SubjectSchema = z.object({ type: z.enum(SUBJECT_TYPES), id: z.string() }).meta({
  id: 'ModerationSubject',
  description: 'A photo or comment by its UUID, an account by its `id`.',
})

/** The id of a policy. */
export const policyId = z
  .string()
  .max(MAX_CHARACTERS.policyId)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'Words of lower-case letters and digits, joined by hyphens.')
