import { z } from 'zod'
import { MAX_PASSWORD, MIN_PASSWORD } from '../../../domain/passwords.ts'
import { SECURITY_EVENT_KINDS } from '../../../domain/security-events.ts'
import { operation } from '../../operation.ts'
import { characters, instant, listOf, pageQuery } from '../inputs.ts'
import { securityEventsExample } from './examples.ts'

export const ChangePassword = operation({
  id: 'changePassword',
  scope: 'none',
  summary: 'Change your password',
  description:
    'Signs every other device out. An account that was made through a provider has no password: it sets its first without ' +
    '`currentPassword`, from a device that signed in within the last ten minutes (403 `presence_required`). A wrong `currentPassword` is 422 `invalid`; ten of them in a quarter of an hour are 429. Common ' +
    'passwords and the names of the account and of the service are refused.',
  body: z.strictObject({
    currentPassword: characters(1, MAX_PASSWORD).optional(),
    newPassword: characters(MIN_PASSWORD, MAX_PASSWORD),
  }),
  examples: { body: { currentPassword: 'correct horse battery staple', newPassword: 'seven quiet lenses' } },
  responses: { 204: null },
  errors: ['presence_required'],
})

const SecurityEventSchema = z
  .object({
    id: z.string(),
    kind: z.enum(SECURITY_EVENT_KINDS).meta({
      description:
        '`new_device`: a sign-in from a device and a network that were not seen before. `password_changed`. `sessions_ended`: everywhere ' +
        'else. `token_reused`: a refresh token was used twice, and its session has ended. `sign_in_blocked`: too many wrong passwords from ' +
        'networks that the account does not know, which are refused for now. `factor_added`, `factor_removed`: an authenticator app or passkey. ' +
        '`recovery_codes_made`, `recovery_code_used`. `second_factor_blocked`: somebody who has the password tries second factors. ' +
        '`passkey_copied`: a passkey answered that is a copy of yours; it was refused. `identity_linked`, `identity_unlinked`: of a provider. ' +
        '`factors_reset`: an operator removed all second factors and ended all sessions.',
    }),
    userAgent: z.string().nullable(),
    network: z.string().meta({
      description:
        'Where it came from, without telling the address: equal for one network on one day (UTC), unlike for others.',
    }),
    createdAt: instant,
  })
  .meta({ id: 'SecurityEvent' })

export const ListSecurityEvents = operation({
  id: 'listSecurityEvents',
  scope: 'none',
  summary: 'List what happened to the safety of your account, latest first',
  description: 'Kept for 90 days.',
  query: z.strictObject(pageQuery),
  examples: { answer: securityEventsExample },
  responses: { 200: listOf(SecurityEventSchema) },
  errors: ['bad_cursor'],
})
