import { describe, expect, it } from 'vitest'
import type { Query, Statement } from '../../infra/db/database.ts'
import { createStandings } from './standings.ts'

/** A table of accounts, of which a test releases one read at a time. */
function table() {
  const asked: string[][] = []
  const suspended = new Set<string>()
  const answers: (() => void)[] = []
  const query = (async ({ values }: Statement) => {
    const ids = values![0] as string[]
    asked.push(ids)
    await new Promise<void>((resolve) => answers.push(resolve))
    return ids
      .filter((id) => id !== 'absent')
      .map((id) => ({
        user_id: id,
        status: suspended.has(id) ? 'suspended' : 'active',
        suspended_until: null,
        hidden_from_explore: false,
        ended_sessions: [],
      }))
  }) as unknown as Query
  return { asked, suspended, query, answer: () => answers.shift()!() }
}
/** Nobody is away, so that it is not asked. */
const primary: Query = () => Promise.reject(new Error('the primary was asked'))
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('standings', () => {
  it('asks once for all that come while a read is under way', async () => {
    const { asked, suspended, query, answer } = table()
    suspended.add('2')
    const standings = createStandings({ query, primary })
    const all = ['1', '2', '3', '2'].map((id) => standings.of(id))
    answer()
    await turn()
    answer()
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual([
      'active',
      'suspended',
      'active',
      'suspended',
    ])
    expect(asked).toEqual([['1'], ['2', '3']])
  })

  it('remembers for two seconds and no longer', async () => {
    const { asked, suspended, query, answer } = table()
    let time = 0
    const standings = createStandings({ query, primary, now: () => time })
    const ask = async () => {
      const standing = standings.of('1')
      await turn()
      return standing
    }
    const first = ask()
    answer()
    expect((await first).status).toBe('active')
    suspended.add('1')
    time = 1_999
    expect((await ask()).status).toBe('active')
    time = 2_000
    const later = ask()
    answer()
    expect((await later).status).toBe('suspended')
    expect(asked).toHaveLength(2)
  })

  it('asks the primary before it says that an account is away', async () => {
    const row = { user_id: '1', suspended_until: null, hidden_from_explore: false }
    let status = 'deactivated'
    let time = 0
    const query = (async () => [{ ...row, status: 'deactivated' }]) as unknown as Query
    const asked: unknown[] = []
    const sure = (async ({ values }: Statement) => {
      asked.push(values![0])
      return [{ ...row, status }]
    }) as unknown as Query
    const standings = createStandings({ query, primary: sure, now: () => time })
    expect((await standings.of('1')).status).toBe('deactivated')
    status = 'active'
    expect((await standings.of('1')).status).toBe('active')
    time = 1_999
    expect((await standings.of('1')).status).toBe('active')
    expect(asked).toEqual([['1'], ['1']])
  })

  it('knows nothing against an account that is absent', async () => {
    const { query, answer } = table()
    const standing = createStandings({ query, primary }).of('absent')
    answer()
    expect(await standing).toEqual({ status: 'active', until: null, isLimited: false, endedSessions: [] })
  })
})
