import { z } from 'zod'
import { MAX_CHARACTERS } from '../../../domain/limits.ts'
import { operation } from '../../operation.ts'
import { UserSchema } from '../accounts/schema.ts'
import { usersExample } from '../graph/examples.ts'
import { listOf, pageQuery, queryText } from '../inputs.ts'

export const SearchUsers = operation({
  id: 'searchUsers',
  summary: 'Search accounts by name',
  description:
    'Each word of `q` must begin a word of the username or display name, whatever its case and accents. The account of exactly that name ' +
    'comes first, then those that you follow, then others; within these, accounts with more followers come earlier. A page may be short ' +
    'before the end.',
  query: z.strictObject({ ...pageQuery, q: queryText(1, MAX_CHARACTERS.displayName) }),
  examples: { answer: usersExample },
  responses: { 200: listOf(UserSchema) },
  errors: ['bad_cursor'],
})
