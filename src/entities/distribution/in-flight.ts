import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Row } from '../row.ts'

/** A photo that is not yet in the stored feed of every follower; readers merge it in. */
export const InFlight = defineEntity({
  name: 'InFlight',
  tableName: 'in_flight',
  properties: {
    photoId: p.uuid().primary(),
    ownerId: p.bigint('string'),
    score: p.bigint('string'),
    since: p.datetime(3).defaultRaw('clock_timestamp()'),
  },
})
export type InFlight = InferEntity<typeof InFlight>
export type InFlightRow = Row<typeof InFlight>
