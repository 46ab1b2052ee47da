import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/** A sign-in through a provider that is under way: a state that waits for its answer, or the ticket of somebody without an account. */
export const ExternalSignIn = defineEntity({
  name: 'ExternalSignIn',
  tableName: 'external_sign_ins',
  checks: [
    { name: 'external_sign_ins_stage_check', expression: '(binding_hash IS NULL) <> (subject IS NULL)' },
  ],
  properties: {
    /** Of the state, or of the ticket. */
    handleHash: p.blob().$type<Buffer>().primary(),
    issuer: p.string().length(MAX_CHARACTERS.issuer),
    /** Of a state: the secret that its browser keeps. */
    bindingHash: p.blob().$type<Buffer>().nullable(),
    /** Of a ticket: whom the provider vouched for. */
    subject: p.string().length(MAX_CHARACTERS.subject).nullable(),
    /** The account that is linked; null for a sign-in. */
    userId: p.bigint('string').nullable(),
    /** The session that links. */
    sessionId: p.uuid().nullable(),
    /** What the person calls the device that signs in. */
    deviceName: p.string().length(MAX_CHARACTERS.deviceName).nullable(),
    expiresAt: p.datetime(3),
  },
})
export type ExternalSignIn = InferEntity<typeof ExternalSignIn>
export type ExternalSignInRow = Row<typeof ExternalSignIn>
