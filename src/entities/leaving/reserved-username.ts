import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** The name of an account that was erased, which nobody takes for a while. */
export const ReservedUsername = defineEntity({
  name: 'ReservedUsername',
  tableName: 'reserved_usernames',
  properties: {
    nameHash: p.blob().$type<Buffer>().primary(),
    until: p.datetime(3),
  },
})
export type ReservedUsername = InferEntity<typeof ReservedUsername>
