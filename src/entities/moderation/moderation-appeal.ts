import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import { APPEAL_STATES } from '../../domain/moderation.ts'
import type { Row } from '../row.ts'

/** What the owner says against a decision, once. Somebody else than who decided answers it. */
export const ModerationAppeal = defineEntity({
  name: 'ModerationAppeal',
  tableName: 'moderation_appeals',
  properties: {
    appealId: p.uuid().primary(),
    decisionId: p.uuid().unique(),
    text: p.string().length(MAX_CHARACTERS.moderationText),
    state: p.enum(APPEAL_STATES).default('pending'),
    /** Null while it is pending, if automatic moderation took the measure back itself, or if the account is gone. */
    answeredBy: p.bigint('string').nullable(),
    answer: p.string().length(MAX_CHARACTERS.moderationText).nullable(),
    answeredAt: p.datetime(3).nullable(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type ModerationAppeal = InferEntity<typeof ModerationAppeal>
export type ModerationAppealRow = Row<typeof ModerationAppeal>
