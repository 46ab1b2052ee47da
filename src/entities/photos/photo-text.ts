import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/** Text that was read in a photo, or that is owed, of accounts that ask for it. */
export const PhotoText = defineEntity({
  name: 'PhotoText',
  tableName: 'photo_texts',
  properties: {
    photoId: p.uuid().primary(),
    state: p.enum(['owed', 'read', 'unreadable'] as const).default('owed'),
    /** The lowest comes first, and turns of accounts alternate. */
    turn: p.bigint('string'),
    /** Line by line; empty if there is none. */
    text: p.string().length(MAX_CHARACTERS.textInPhoto).nullable(),
    /** Why it is unreadable. */
    failureCode: p.string().length(MAX_CHARACTERS.failureCode).nullable(),
    /** Names the weights that read it. */
    engineVersion: p.string().length(MAX_CHARACTERS.model).nullable(),
    readAt: p.datetime(3).nullable(),
  },
})
export type PhotoText = InferEntity<typeof PhotoText>
export type PhotoTextRow = Row<typeof PhotoText>
