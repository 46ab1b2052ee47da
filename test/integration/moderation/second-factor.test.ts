import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { setRole } from '../../../src/cli/moderation/staff.ts'
import { PASSKEY_SETTINGS } from '../../support/authenticator.ts'
import { addApp, addPasskey, makeRecoveryCodes, signInWith } from '../../support/factories/second-factors.ts'
import type { Person } from '../../support/worlds/api-world.ts'
import { openModerationWorld, type ModerationWorld } from '../../support/worlds/moderation-world.ts'

let world: ModerationWorld
beforeAll(async () => {
  world = await openModerationWorld({ MODERATION_REQUIRES_TWO_FACTOR: 'true', ...PASSKEY_SETTINGS })
})
afterAll(() => world?.close())

const queue = async (token: string) => (await world.call('GET', '/v1/moderation/cases', { token })).status
const remove = (who: Person, path: string) => world.call('DELETE', `/v1/me/${path}`, { token: who.token })

describe('where a second factor is required', () => {
  it('nobody moderates without one', async () => {
    const admin = await world.signUpAs('admin')
    const refused = await world.call('GET', '/v1/moderation/cases', { token: admin.token })
    expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    await makeRecoveryCodes(world, admin)
    expect(await queue(admin.token)).toBe(403)
  })

  it('an app or a passkey lets the device moderate that added it', async () => {
    const [mo, mia] = [await world.signUpAs('moderator'), await world.signUpAs('senior')]
    await Promise.all([addApp(world, mo), addPasskey(world, mia)])
    expect([await queue(mo.token), await queue(mia.token)]).toEqual([200, 200])
  })

  it('a session that the password alone opened before does not moderate', async () => {
    const mo = await world.signUpAs('moderator')
    const { username, password } = mo
    const before = await world.call('POST', '/v1/sessions', { body: { username, password } })
    const app = await addApp(world, mo)
    expect(await queue(before.body.accessToken)).toBe(403)
    const first = await world.call('POST', '/v1/sessions', { body: { username, password } })
    const body = { challenge: first.body.challenge, code: app.code() }
    const signedIn = await world.call('POST', '/v1/sessions/two-factor', { body })
    expect(await queue(signedIn.body.accessToken)).toBe(200)
  })

  it('what sessions proved is void once the last one is removed', async () => {
    const mo = await world.signUpAs('moderator')
    const app = await addApp(world, mo)
    const signedIn = (await signInWith(world, mo, app.code())).body.accessToken as string
    expect(await queue(signedIn)).toBe(200)
    expect((await remove(mo, 'two-factor/totp')).status).toBe(204)
    await addApp(world, mo)
    expect([await queue(mo.token), await queue(signedIn)]).toEqual([200, 403])
  })

  it('whoever removes the last one moderates again once there is another', async () => {
    const mo = await world.signUpAs('moderator')
    await addApp(world, mo)
    const { passkeyId } = await addPasskey(world, mo)
    expect((await remove(mo, 'two-factor/totp')).status).toBe(204)
    expect(await queue(mo.token)).toBe(200)
    expect((await remove(mo, `passkeys/${passkeyId}`)).status).toBe(204)
    expect(await queue(mo.token)).toBe(403)
    await addApp(world, mo)
    expect(await queue(mo.token)).toBe(200)
  })

  it('the command that grants a role says what is missing', async () => {
    vi.stubEnv('MODERATION_REQUIRES_TWO_FACTOR', 'true')
    const granted = async (who: Person, role: 'moderator' | 'user') => {
      const lines: string[] = []
      await setRole(who.username, role, (line) => lines.push(line))
      return lines.join('\n')
    }
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    await addApp(world, bob)
    expect(await granted(ann, 'moderator')).toMatch(/user -> moderator\n.*has no second factor/)
    expect(await granted(ann, 'user')).not.toContain('second factor')
    expect(await granted(bob, 'moderator')).not.toContain('second factor')
    vi.unstubAllEnvs()
  })

  it('no personal access token moderates', async () => {
    const mo = await world.signUpAs('moderator')
    await addApp(world, mo)
    const body = { name: 'Queue', scopes: ['read'] }
    const { secret } = (await world.call('POST', '/v1/me/tokens', { token: mo.token, body })).body
    expect(await queue(secret)).toBe(403)
  })

  it('a moderator without one deletes no comments of others', async () => {
    const [ann, bob, mo] = [await world.signUp(), await world.signUp(), await world.signUpAs('moderator')]
    const photoId = await world.seedPhoto({ ownerId: ann.id })
    const said = await world.call('POST', `/v1/photos/${photoId}/comments`, {
      token: bob.token,
      body: { text: 'Fog!' },
    })
    const path = `/v1/comments/${said.body.comment.id}`
    expect((await world.call('DELETE', path, { token: mo.token })).status).toBe(403)
    await addApp(world, mo)
    expect((await world.call('DELETE', path, { token: mo.token })).status).toBe(204)
  })

  it('a moderator without one sees no comment of an account that blocks them', async () => {
    const [ann, bob, mo] = [await world.signUp(), await world.signUp(), await world.signUpAs('moderator')]
    const photoId = await world.seedPhoto({ ownerId: ann.id })
    const said = await world.call('POST', `/v1/photos/${photoId}/comments`, {
      token: bob.token,
      body: { text: 'Mist!' },
    })
    await world.call('PUT', `/v1/users/${mo.username}/block`, { token: bob.token })
    const path = `/v1/comments/${said.body.comment.id}`
    const statuses = async () => [
      (await world.call('GET', path, { token: mo.token })).status,
      (await world.call('GET', path, { token: ann.token })).status,
    ]
    expect(await statuses()).toEqual([404, 200])
    expect((await world.call('DELETE', path, { token: mo.token })).status).toBe(404)
    await addApp(world, mo)
    expect(await statuses()).toEqual([200, 200])
    expect((await world.call('DELETE', path, { token: mo.token })).status).toBe(204)
  })
})
