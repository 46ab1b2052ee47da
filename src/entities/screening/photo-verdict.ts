import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import { VERDICTS, VERDICT_SOURCES } from '../../domain/screening.ts'
import type { Row } from '../row.ts'

/** What automatic moderation said of a photo at one time; never changed. The last one of a photo holds. */
export const PhotoVerdict = defineEntity({
  name: 'PhotoVerdict',
  tableName: 'photo_verdicts',
  properties: {
    photoVerdictId: p.bigint('string').primary().autoincrement(),
    photoId: p.uuid(),
    verdict: p.enum(VERDICTS),
    source: p.enum(VERDICT_SOURCES),
    /** Of the entry of the block list, or of the text rule. */
    reason: p.string().length(MAX_CHARACTERS.blockReason).nullable(),
    /** Null if no classifier was asked. */
    model: p.string().length(MAX_CHARACTERS.model).nullable(),
    modelVersion: p.string().length(MAX_CHARACTERS.model).nullable(),
    scores: p.json().$type<Record<string, number>>().nullable(),
    policyVersion: p.string().length(MAX_CHARACTERS.policyVersion),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type PhotoVerdict = InferEntity<typeof PhotoVerdict>
export type PhotoVerdictRow = Row<typeof PhotoVerdict>
