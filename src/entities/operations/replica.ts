import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** Whether a standby, known by its application_name, may serve reads; a standby without a row may. */
export const Replica = defineEntity({
  name: 'Replica',
  tableName: 'replicas',
  properties: {
    name: p.text().primary(),
    serving: p.boolean(),
    reason: p.text(),
    changedAt: p.datetime(3).defaultRaw('clock_timestamp()'),
  },
})
export type Replica = InferEntity<typeof Replica>
