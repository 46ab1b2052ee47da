import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/**
 * A narrowing whose earlier image URLs are not yet proven to be refused at every edge. `subject` is `photo/<id>`,
 * `account/<id>` or `link/<id>`; triggers write it in the commit that narrows, and the workflow that proves the refusal deletes it.
 */
export const Retraction = defineEntity({
  name: 'Retraction',
  tableName: 'retractions',
  properties: {
    subject: p.string().length(64).primary(),
    ownerId: p.bigint('string'),
    /** URLs with a lower access epoch must be refused. */
    minEpoch: p.integer(),
    since: p.datetime(3),
  },
})
export type Retraction = InferEntity<typeof Retraction>
