import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { showAccount } from '../../../src/cli/accounts.ts'
import { PASSKEY_SETTINGS } from '../../support/authenticator.ts'
import { addApp, addPasskey, makeRecoveryCodes } from '../../support/factories/second-factors.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
let ann: Person
beforeAll(async () => {
  world = await openApiWorld(PASSKEY_SETTINGS)
  ann = await world.signUp()
})
afterAll(() => world?.close())

async function shown(account: string, options = {}): Promise<string> {
  const lines: string[] = []
  await showAccount(account, options, (line) => lines.push(line))
  return lines.join('\n')
}
const must = async (method: string, path: string, body?: object) => {
  const answer = await world.call(method, `/v1${path}`, { token: ann.token, ...(body && { body }) })
  expect(answer.status).toBeLessThan(300)
  return answer.body
}

describe('an account that an operator looks at', () => {
  it('has nothing yet', async () => {
    const { signedUpToday, ...eve } = {
      ...(await world.signUp()),
      signedUpToday: new Date().toISOString().slice(0, 4),
    }
    const text = await shown(eve.username)
    expect(text).toContain(
      `account:      ${eve.username}, number ${eve.id}, user, public, since ${signedUpToday}`,
    )
    expect(text).toContain('standing:     active')
    expect(text).toMatch(/photos: +none; 0 MB of \d+ MB, 0 of \d+/)
    expect(text).toMatch(/signs in by: +password$/m)
    expect(text).toMatch(/export: +none/)
  })

  it('shows what it stores, how it signs in and what is under way', async () => {
    await world.seedPhoto({ ownerId: ann.id })
    await world.seedPhoto({ ownerId: ann.id })
    await must('DELETE', `/photos/${await world.seedPhoto({ ownerId: ann.id })}`)
    await addApp(world, ann)
    await addPasskey(world, ann)
    await makeRecoveryCodes(world, ann)
    await must('POST', '/me/tokens', { name: 'Nightly', scopes: ['read'] })
    const { export: asked } = await must('POST', '/me/exports')
    const summary = JSON.parse(await shown(ann.username.toUpperCase(), { json: true }))
    expect(summary).toMatchObject({
      userId: ann.id,
      status: 'active',
      photos: { ready: 2, trashed: 1 },
      signIn: {
        hasPassword: true,
        providers: [],
        apps: 1,
        passkeys: 1,
        recoveryCodes: 10,
        sessions: 1,
        tokens: 1,
      },
      moderation: { casesToDecide: 0, measuresThatStand: 0, strikes: 0 },
      latestExport: { exportId: asked.id, status: 'preparing' },
      erasure: null,
    })
    const kinds = summary.securityEvents.map(({ kind, count }: { kind: string; count: number }) => [
      kind,
      count,
    ])
    expect(kinds).toEqual([
      ['factor_added', 2],
      ['recovery_codes_made', 1],
      ['token_created', 1],
    ])
    const text = await shown(ann.id, { id: true })
    expect(text).toMatch(/photos: +ready 2, trashed 1;/)
    expect(text).toMatch(/signs in by: +password, passkey$/m)
    expect(text).toContain(`(workflow export/${asked.id})`)
  })

  it('shows nothing that it wrote', async () => {
    const name = `Marker ${ann.id}`
    await must('PATCH', '/me', { displayName: name })
    await world.seedPhoto({ ownerId: ann.id, caption: name })
    expect(await shown(ann.username, { json: true })).not.toContain(name)
  })

  it('says when it will be gone', async () => {
    const leaving = await world.signUp()
    const { erasure } = (
      await world.call('DELETE', '/v1/me', { token: leaving.token, body: { password: leaving.password } })
    ).body
    const text = await shown(leaving.username)
    expect(text).toContain(
      `standing:     erasing, erasure begins ${erasure.startsAt} unless it signs in (workflow erasure/${leaving.id})`,
    )
  })

  it('has to exist', async () => {
    await expect(shown('nobody_at_all')).rejects.toMatchObject({ code: 'not_found' })
    await expect(shown('999999999', { id: true })).rejects.toMatchObject({ code: 'not_found' })
    await expect(shown('ann', { id: true })).rejects.toMatchObject({ name: 'UsageError' })
  })
})
