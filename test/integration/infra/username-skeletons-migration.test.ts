import { expect, it } from 'vitest'
import { usernameSkeleton } from '../../../src/domain/usernames.ts'
import { openDatabaseAt } from '../../support/servers/test-databases.ts'

const NAMES = ['Bob-01', 'b0b-Ol', 'BOB-0I', 'Mary', 'rnary', 'ida', 'lda', 'tom_1.x-IMG']

it('gives each skeleton to the oldest account that has it', async () => {
  const { db, drop } = await openDatabaseAt(process.env.DATABASE_URL!, '20261127-share-taken-at')
  try {
    for (const name of NAMES)
      await db.primary({
        text: `INSERT INTO users (username, password_hash) VALUES ($1, '-')`,
        values: [name],
      })
    await db.orm.migrator.up({ to: '20261127-username-skeletons' })
    const rows = await db.primary<{ username: string; username_skeleton: string | null }>({
      text: 'SELECT username, username_skeleton FROM users ORDER BY user_id',
    })
    const seen = new Set<string>()
    const expected = NAMES.map((username) => {
      const skeleton = usernameSkeleton(username)
      const isFirst = !seen.has(skeleton)
      seen.add(skeleton)
      return { username, username_skeleton: isFirst ? skeleton : null }
    })
    expect(rows).toEqual(expected)
    expect(seen.size).toBe(5)
  } finally {
    await drop()
  }
})
