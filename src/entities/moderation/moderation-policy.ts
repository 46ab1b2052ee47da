import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/** A version of a policy. Every version stays, since decisions name the one they go by; the highest is in force. */
export const ModerationPolicy = defineEntity({
  name: 'ModerationPolicy',
  tableName: 'moderation_policies',
  properties: {
    policyId: p.string().length(MAX_CHARACTERS.policyId).primary(),
    version: p.integer().primary(),
    title: p.string().length(MAX_CHARACTERS.policyTitle),
    text: p.string().length(MAX_CHARACTERS.policyText),
    /** Whether a takedown or suspension under it is a strike against the account. */
    isStrike: p.boolean(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type ModerationPolicy = InferEntity<typeof ModerationPolicy>
export type ModerationPolicyRow = Row<typeof ModerationPolicy>
