import { sql, type Expression } from 'kysely'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { FeedState, RefreshToken, type Photo } from '../../entities/index.ts'
import { insertRow, type NewRow } from './insert.ts'

const token = { tokenHash: Buffer.from('token'), sessionId: 'a session' }

describe('an INSERT of one row', () => {
  it('names the columns of the properties and binds their values', () => {
    expect(insertRow(RefreshToken, { ...token, retiredAt: null }).compile()).toMatchObject({
      sql: 'insert into "refresh_tokens" ("token_hash", "session_id", "retired_at") values ($1, $2, $3)',
      parameters: [token.tokenHash, token.sessionId, null],
    })
  })

  it('leaves a column that is unset to its default', () => {
    expect(insertRow(RefreshToken, token, ['retiredAt']).compile().sql).toBe(
      'insert into "refresh_tokens" ("token_hash", "session_id") values ($1, $2)',
    )
  })

  it('takes expressions, conflicts and columns to return', () => {
    const statement = insertRow(FeedState, { userId: sql<string>`${7}::bigint`, epoch: '1' }, [
      'rowsEpoch',
      'rowsFrom',
      'lastReadAt',
    ])
      .onConflict((conflict) => conflict.doNothing())
      .returning(['user_id', 'enrolled'])
    expectTypeOf<Awaited<ReturnType<typeof statement.execute>>>().toEqualTypeOf<
      { user_id: string; enrolled: boolean }[]
    >()
    expect(statement.compile()).toMatchObject({
      sql:
        'insert into "feed_state" ("user_id", "epoch") values ($1::bigint, $2) on conflict do nothing ' +
        'returning "user_id", "enrolled"',
      parameters: [7, '1'],
    })
  })
})

describe('the type of a new row', () => {
  it('requires each column without a default, even if it may be null', () => {
    // @ts-expect-error -- sessionId is missing
    insertRow(RefreshToken, { tokenHash: token.tokenHash, retiredAt: null })
    // @ts-expect-error -- retiredAt may be null and is missing all the same
    insertRow(RefreshToken, token)
  })

  it('omits the columns that the INSERT lists as unset', () => {
    insertRow(RefreshToken, token, ['retiredAt'])
    // @ts-expect-error -- tokenHash has no default and may not be null
    insertRow(RefreshToken, { sessionId: 'a session' }, ['tokenHash', 'retiredAt'])
  })

  it('refuses properties that are not columns, spread or not', () => {
    const request = { ...token, colour: 'red' }
    // @ts-expect-error -- colour is not a column of refresh_tokens
    insertRow(RefreshToken, { ...request, retiredAt: null })
    // @ts-expect-error -- nor is it here
    insertRow(RefreshToken, { ...token, retiredAt: null, colour: 'red' })
  })

  it('knows the types of columns', () => {
    // @ts-expect-error -- a Date is not a session's id
    insertRow(RefreshToken, { ...token, sessionId: new Date(), retiredAt: null })
    expectTypeOf<NewRow<typeof Photo>['caption']>().toEqualTypeOf<string | null | Expression<string | null>>()
  })
})
