import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** When coldStorage last ran to its end: at most one row. */
export const ColdStorageRun = defineEntity({
  name: 'ColdStorageRun',
  tableName: 'cold_storage_runs',
  checks: [{ name: 'cold_storage_runs_is_last_check', expression: 'is_last' }],
  properties: {
    isLast: p.boolean().primary().default(true),
    finishedAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type ColdStorageRun = InferEntity<typeof ColdStorageRun>
