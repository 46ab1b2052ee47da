import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyAudit, writeAudit } from '../../../src/services/moderation/audit-log.ts'
import { grantRole } from '../../../src/services/moderation/roles.ts'
import { openApiWorld, type ApiWorld } from '../../support/worlds/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await openApiWorld()
})
afterAll(() => world?.close())

const write = (action: string) =>
  world.db.transaction((tx) => writeAudit(tx, { actor: { role: 'system' }, action, subject: 'user/1' }))
const verify = () => verifyAudit(world.db.primary)

/** Runs a change as somebody who owns the server and switches the triggers off, and takes it back. */
async function tampered(text: string): Promise<string | null> {
  let brokenAt: string | null = null
  await world.db
    .transaction(async ({ query }) => {
      await query({ text: 'ALTER TABLE moderation_audit DISABLE TRIGGER moderation_audit_append_only' })
      await query({ text })
      ;({ brokenAt } = await verifyAudit(query))
      throw new Error('take it back')
    })
    .catch((error: Error) => expect(error.message).toBe('take it back'))
  return brokenAt
}

describe('the audit log', () => {
  it('keeps one chain while many write at once', async () => {
    await Promise.all(Array.from({ length: 12 }, (_, at) => write(`test.${at}`)))
    const verdict = await verify()
    expect(verdict).toMatchObject({ brokenAt: null, head: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(verdict.entries).toBeGreaterThanOrEqual(12)
  })

  it.each([
    ['a changed entry', `UPDATE moderation_audit SET action = 'nothing' WHERE seq = 3`, '3'],
    ['a removed entry', 'DELETE FROM moderation_audit WHERE seq = 5', '6'],
    ['a first entry that is gone', 'DELETE FROM moderation_audit WHERE seq = 1', '2'],
  ])('shows %s', async (_, change, brokenAt) => {
    expect(await tampered(change)).toBe(brokenAt)
    expect((await verify()).brokenAt).toBeNull()
  })

  it('cannot be changed, emptied or cut', async () => {
    for (const text of [
      `UPDATE moderation_audit SET action = 'nothing'`,
      'DELETE FROM moderation_audit',
      'TRUNCATE moderation_audit',
    ])
      await expect(world.db.primary({ text })).rejects.toThrow('append-only')
  })

  it('has an entry for each role that is granted or revoked', async () => {
    const { id, username } = await world.signUp()
    expect(await grantRole(world.db, username.toUpperCase(), 'senior')).toMatchObject({ before: 'user' })
    expect(await grantRole(world.db, username, 'senior')).toMatchObject({ before: 'senior' })
    expect(await grantRole(world.db, username, 'user')).toMatchObject({ before: 'senior' })
    const entries = await world.db.primary({
      text: `SELECT action, actor_role, details FROM moderation_audit WHERE subject = $1 ORDER BY seq`,
      values: [`user/${id}`],
    })
    expect(entries).toEqual([
      { action: 'role.granted', actor_role: 'operator', details: { before: 'user', role: 'senior' } },
      { action: 'role.revoked', actor_role: 'operator', details: { before: 'senior', role: 'user' } },
    ])
    await expect(grantRole(world.db, 'nobody-has-this-name', 'admin')).rejects.toMatchObject({
      code: 'not_found',
    })
  })
})
