import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { readTextRules } from '../../../src/infra/text-rules.ts'
import { openApiWorld, type ApiWorld, type Json, type Person } from '../../support/worlds/api-world.ts'

const RULES = [
  { reason: 'spam', verdict: 'limit', words: 'buy followers' },
  { reason: 'fraud', verdict: 'quarantine', words: 'official support', fields: ['name'] },
]

let folder: string
let world: ApiWorld
let ann: Person
let photoId: PhotoId

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
  const rules = join(folder, 'rules.json')
  await writeFile(rules, JSON.stringify(RULES))
  world = await openApiWorld({ MODERATION_TEXT_RULES: rules })
  ann = await world.signUp()
  photoId = await world.seedPhoto({ ownerId: ann.id, caption: 'Fog' })
})
afterAll(async () => {
  await world?.close()
  await rm(folder, { recursive: true })
})

const call = (method: string, path: string, body: object) =>
  world.call(method, path, { token: ann.token, body })
const comment = (text: string) => call('POST', `/v1/photos/${photoId}/comments`, { text })

function expectRefused({ status, body }: { status: number; body: Json }, path: string): void {
  expect({ status, code: body.code }).toEqual({ status: 422, code: 'invalid' })
  expect(body.errors).toEqual([{ path, message: 'This text is against the rules.' }])
}

describe('text rules', () => {
  it('refuse a comment, and its edit', async () => {
    expectRefused(await comment('BUY  fóllowers'), 'body.text')
    const { status, body } = await comment('Official support, I guess')
    expect(status).toBe(201)
    const edit = await call('PATCH', `/v1/comments/${body.comment.id}`, { text: 'buy followers' })
    expectRefused(edit, 'body.text')
    const shown = await world.call('GET', `/v1/comments/${body.comment.id}`, { token: ann.token })
    expect(shown.body.comment.text).toBe('Official support, I guess')
  })

  it('refuse a name, and keep the one before', async () => {
    expectRefused(await call('PATCH', '/v1/me', { displayName: 'Official Support' }), 'body.displayName')
    const { body } = await world.call('GET', '/v1/me', { token: ann.token })
    expect(JSON.stringify(body)).not.toContain('Official')
    expect((await call('PATCH', '/v1/me', { displayName: 'Ann' })).status).toBe(200)
  })

  it('refuse an edit of a caption, and leave what was there before the rule', async () => {
    const edit = (body: object) => call('PATCH', `/v1/photos/${photoId}`, body)
    expectRefused(await edit({ caption: 'buy followers' }), 'body.caption')
    expectRefused(await edit({ altText: 'buy followers' }), 'body.altText')
    await world.db.primary({
      text: `UPDATE photos SET caption = 'buy followers' WHERE photo_id = $1`,
      values: [photoId],
    })
    expect((await edit({ caption: 'buy followers', altText: 'Fog' })).status).toBe(200)
  })
})

describe('a file of text rules', () => {
  it.each([
    ['no JSON', '['],
    ['a rule with words and a pattern', '[{"reason":"x","verdict":"limit","words":"a","pattern":"b"}]'],
    ['a pattern that is none', '[{"reason":"x","verdict":"limit","pattern":"("}]'],
    ['another verdict', '[{"reason":"x","verdict":"allow","words":"a"}]'],
  ])('is refused at boot with %s', async (_, text) => {
    const file = join(folder, 'wrong.json')
    await writeFile(file, text)
    expect(() => readTextRules(file)).toThrow('MODERATION_TEXT_RULES')
  })
})
