import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/**
 * A narrowing that the search index may not have caught up with. `subject` is `photo/<id>` or `account/<id>`; triggers write it in
 * the commit that narrows, searches leave it out, and whoever brings its documents in line deletes it.
 */
export const SearchRevocation = defineEntity({
  name: 'SearchRevocation',
  tableName: 'search_revocations',
  properties: {
    subject: p.string().length(64).primary(),
    ownerId: p.bigint('string'),
    /** Of the photo its version, of the account its access epoch; documents made from it or later ones are in line. */
    minVersion: p.integer(),
    since: p.datetime(3),
  },
})
export type SearchRevocation = InferEntity<typeof SearchRevocation>
