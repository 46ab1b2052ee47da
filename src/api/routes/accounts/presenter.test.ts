import { describe, expect, it } from 'vitest'
import { imageMac } from '../../../services/photos/image-url.ts'
import { createPeoplePresenter } from './presenter.ts'

const AVATAR_ID = '01a2036c-aeb9-7176-8322-8600c64a45cb'
const cdnSigningKey = 'k'.repeat(32)
const people = createPeoplePresenter({ cdnBaseUrl: 'https://cdn.example/', cdnSigningKey })

const account = {
  userId: '7',
  username: 'ann',
  displayName: null,
  bio: null,
  isPrivate: true,
  createdAt: new Date(0),
}

describe('an account', () => {
  it('has no picture until it has an avatar', () => {
    expect(people.user({ ...account, avatar: null })).toMatchObject({ avatarUrl: null, avatarSources: [] })
  })

  it('has a URL without expiry that names both epochs, signed', () => {
    const { avatarUrl } = people.owner({ ...account, avatar: `${AVATAR_ID}/2/5` })
    const path = `/variants/${AVATAR_ID}/2/square_256.auto`
    const mac = imageMac(cdnSigningKey, path, 'a=2&o=7.5', null)
    expect(avatarUrl).toBe(`https://cdn.example${path}?a=2&o=7.5&s=${mac}`)
  })

  it('has another URL once its epoch has moved, whatever was remembered', () => {
    const urls = ['0/5', '1/5', '1/6'].map((epochs) =>
      people.avatarUrl({ userId: '7', avatar: `${AVATAR_ID}/${epochs}` }),
    )
    expect(new Set(urls).size).toBe(3)
  })

  it('has a source of each size, smallest first', () => {
    const { avatarSources } = people.user({ ...account, avatar: `${AVATAR_ID}/0/0` })
    expect(avatarSources.map(({ size }) => size)).toEqual([128, 256, 512])
    for (const { size, url } of avatarSources) expect(url).toContain(`/square_${size}.auto?`)
  })
})
