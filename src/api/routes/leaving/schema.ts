import { z } from 'zod'
import { MAX_PASSWORD } from '../../../domain/passwords.ts'
import { operation } from '../../operation.ts'
import { characters } from '../inputs.ts'

const confirmed = z.strictObject({ password: characters(1, MAX_PASSWORD) })
const confirmedExample = { password: 'correct horse battery staple' }

export const Deactivate = operation({
  id: 'deactivate',
  scope: 'none',
  whileSuspended: true,
  summary: 'Deactivate your account',
  description:
    'Hides the account, its photos, albums, share links, likes and comments from everyone, and signs every device out. Nothing is deleted: ' +
    'signing in brings all of it back as it was. Personal access tokens are refused meanwhile. A wrong password is 422 `invalid`.',
  body: confirmed,
  examples: { body: confirmedExample },
  responses: { 204: null },
})
