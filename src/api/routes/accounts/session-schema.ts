import { z } from 'zod'
import { isUuid } from '../../../domain/ids.ts'
import { operation } from '../../operation.ts'
import { SignedInSchema } from './schema.ts'
import { characters, instant, listOf, pageQuery } from '../inputs.ts'
import { sessionsExample, signedInExample } from './examples.ts'

export const RefreshSession = operation({
  id: 'refreshSession',
  summary: 'Exchange a refresh token',
  description:
    'The old token works for 10 s more, for a second tab or a lost answer, and gives the same new one. Using it later ends the session, ' +
    'since one of its two holders must have stolen it, and the account is told (`GET /me/security-events`).',
  body: z.strictObject({ refreshToken: characters(1, 256) }),
  examples: { body: { refreshToken: signedInExample.refreshToken }, answer: signedInExample },
  responses: { 200: SignedInSchema },
  errors: ['unauthenticated'],
})

const SessionSchema = z
  .object({
    id: z.string(),
    name: z.string().nullable().meta({ description: '`deviceName` of its sign-in.' }),
    userAgent: z.string().nullable(),
    createdAt: instant,
    lastUsedAt: instant,
    expiresAt: instant.meta({ description: 'Later with each refresh, up to an absolute end.' }),
    current: z.boolean(),
  })
  .meta({ id: 'Session' })

export const ListSessions = operation({
  id: 'listSessions',
  scope: 'none',
  summary: 'List your devices, latest sign-in first',
  query: z.strictObject(pageQuery),
  examples: { answer: sessionsExample },
  gives: { sessionId: '/items/0/id' },
  responses: { 200: listOf(SessionSchema) },
  errors: ['bad_cursor'],
})

export const DeleteCurrentSession = operation({
  id: 'deleteCurrentSession',
  whileSuspended: true,
  scope: 'none',
  summary: 'Sign out',
  description: 'Access tokens of the session are refused within two seconds.',
  responses: { 204: null },
})

export const DeleteOtherSessions = operation({
  id: 'deleteOtherSessions',
  scope: 'none',
  summary: 'Sign out everywhere else',
  description: 'Access tokens of the other sessions are refused within two seconds.',
  responses: { 204: null },
})

export const DeleteSession = operation({
  id: 'deleteSession',
  scope: 'none',
  summary: 'Sign out a device',
  description: 'Access tokens of the session are refused within two seconds.',
  params: z.strictObject({ sessionId: z.string().refine(isUuid) }),
  responses: { 204: null },
  errors: ['not_found'],
})
