import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

describe('texts that people read', () => {
  let world: ApiWorld
  let ann: Person
  let photoId: string
  let albumId: string

  beforeAll(async () => {
    world = await openApiWorld()
    ann = await world.signUp()
    photoId = await world.seedPhoto({ ownerId: ann.id })
    const made = await world.call('POST', '/v1/albums', { token: ann.token, body: { title: 'Album' } })
    albumId = made.body.album.id
  })
  afterAll(() => world?.close())

  const fields = [
    { field: 'displayName', path: '/v1/me', of: 'user', oneLine: true },
    { field: 'bio', path: '/v1/me', of: 'user', oneLine: false },
    { field: 'caption', path: '/v1/photos/PHOTO', of: 'photo', oneLine: false },
    { field: 'altText', path: '/v1/photos/PHOTO', of: 'photo', oneLine: false },
    { field: 'description', path: '/v1/albums/ALBUM', of: 'album', oneLine: false },
  ]

  /** Sets the field; resolves with the status and what is shown of it then. */
  async function edit({ field, path, of }: (typeof fields)[number], given: string) {
    const answer = await world.call('PATCH', path.replace('PHOTO', photoId).replace('ALBUM', albumId), {
      token: ann.token,
      body: { [field]: given },
    })
    return { status: answer.status, shown: answer.status === 200 ? answer.body[of][field] : undefined }
  }

  describe.each(fields)('$field', (target) => {
    it.each([
      ['Ada \u202egpj.exe', 'Ada gpj.exe'],
      ['Ada \u2067', 'Ada '],
      ['\u2066\u202bAda\u2069', '\u2066Ada\u2069'],
      ['\u2069\u202cAda', 'Ada'],
    ])('loses stray bidirectional controls: %j', async (given, shown) => {
      expect(await edit(target, given)).toEqual({ status: 200, shown })
    })

    it.each([
      '\u3164',
      '\u200b\u200b',
      '\uffa0\u115f',
      '\ufe0f\u{e0100}',
      '\u2067\u2069\u200f',
      '\u202e',
      '   ',
      '\u2800',
      '',
    ])('becomes null when nothing in it is visible: %j', async (given) => {
      expect(await edit(target, given)).toEqual({ status: 200, shown: null })
    })

    it.each([
      'עדה לאבלייס\u200f',
      '\u2067עדה\u2069 (Ada)',
      '\u202a+44 20 7946 0000\u202c',
      'دارک\u200cتیبل',
      'ශ්\u200dරී ලංකා',
      '👩\u200d🚀❤\ufe0f🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}',
      'Zoë \u3164 Łódź',
      '🏖'.repeat(100),
    ])('stays unchanged: %j', async (given) => {
      expect(await edit(target, given)).toEqual({ status: 200, shown: given })
    })

    it.each(['a\u2028b', 'a\u2029b', 'a\nb', 'a\tb\r\nc'])(
      'allows several lines only where it should: %j',
      async (given) => {
        expect(await edit(target, given)).toEqual(
          target.oneLine ? { status: 422, shown: undefined } : { status: 200, shown: given },
        )
      },
    )
  })

  it('follow the same rules at sign-up', async () => {
    const signUp = async (displayName: string) => {
      const { username, password } = {
        username: `t${Math.random().toString(36).slice(2)}`,
        password: 'long enough',
      }
      const { status, body } = await world.call('POST', '/v1/users', {
        body: { username, password, displayName },
      })
      return status === 201 ? body.user.displayName : status
    }
    expect(await signUp('\u3164')).toBeNull()
    expect(await signUp('Ada\u202e')).toBe('Ada')
    expect(await signUp('a\u2028b')).toBe(422)
    expect(await signUp('x'.repeat(101))).toBe(422)
  })

  it('count code points, in passwords too', async () => {
    const password = '🔑📷🌊🌅'.repeat(64)
    const username = `t${Math.random().toString(36).slice(2)}`
    expect((await world.call('POST', '/v1/users', { body: { username, password } })).status).toBe(201)
    expect((await world.call('POST', '/v1/sessions', { body: { username, password } })).status).toBe(201)
    const short = { username: `${username}2`, password: '🔑'.repeat(7) }
    expect((await world.call('POST', '/v1/users', { body: short })).status).toBe(422)
  })
})
