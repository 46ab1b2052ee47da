import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'

/**
 * A word that an account is found by (`domain/account-names.ts`). `reach` is the account's, the number of bits of its number of
 * followers, which triggers of `user_counters` keep; searches go from the highest down.
 */
export const AccountName = defineEntity({
  name: 'AccountName',
  tableName: 'account_names',
  properties: {
    userId: p.bigint('string').primary(),
    word: p.string().length(MAX_CHARACTERS.accountWord).primary(),
    reach: p.smallint().default(0),
  },
})
export type AccountName = InferEntity<typeof AccountName>
