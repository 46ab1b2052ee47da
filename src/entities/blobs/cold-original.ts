import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Row } from '../row.ts'

/**
 * A photo whose original is cold by its own age (docs/adr/0036). Where the blob that it may share with others is stored shows
 * nowhere, as that would tell that somebody else has the same file.
 */
export const ColdOriginal = defineEntity({
  name: 'ColdOriginal',
  tableName: 'cold_originals',
  checks: [{ name: 'cold_originals_check', expression: "(state = 'hot') = (hot_until IS NOT NULL)" }],
  properties: {
    photoId: p.uuid().primary(),
    /** `hot`: restored, until `hotUntil`. */
    state: p.enum(['cold', 'restoring', 'hot'] as const).default('cold'),
    coldSince: p.datetime(3).defaultRaw('now()'),
    requestedAt: p.datetime(3).nullable(),
    /** When a restore is expected to be done. */
    expectedAt: p.datetime(3).nullable(),
    hotUntil: p.datetime(3).nullable(),
  },
})
export type ColdOriginal = InferEntity<typeof ColdOriginal>
export type ColdOriginalRow = Row<typeof ColdOriginal>
