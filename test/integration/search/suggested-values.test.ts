import { describe, expect, it } from 'vitest'
import type { Viewer } from '../../../src/domain/viewer.ts'
import { setAccountStatus } from '../../support/factories/accounts.ts'
import { block } from '../../support/factories/blocks-and-mutes.ts'
import { pageFor } from '../../support/list-read.ts'
import { settle } from '../../support/replica.ts'
import { ANYONE, freshWord, minutes, searchWorldOfFile } from '../../support/worlds/search-world.ts'

const world = await searchWorldOfFile()
const as = (userId: string): Viewer => ({ kind: 'user', userId })
const LUZERN = { latitude: 47.0505, longitude: 8.3064 }
const REYKJAVIK = { latitude: 64.1466, longitude: -21.9426 }
const LYON = { latitude: 45.7578, longitude: 4.832 }
const NAIROBI = { latitude: -1.2864, longitude: 36.8172 }

async function suggested(viewer: Viewer, typed: string) {
  await settle(world.db)
  return world.search.suggestValues(pageFor(world.db, viewer, { limit: 1 }), typed)
}
const tags = async (viewer: Viewer, typed: string) => (await suggested(viewer, typed)).tags
const places = async (viewer: Viewer, typed: string) => (await suggested(viewer, typed)).places

describe('tags', () => {
  it.each([
    ['zurichsee', ['#Zürichse', 'ZÜRICHSEE', 'zurichs', ' Zürichsee ']],
    ['東京タワー', ['東', '東京', '#東京タ']],
    ['москва', ['МОС', 'моск']],
    ['हिन्दी', ['हि', 'हिन्']],
    ['col·legi', ['col·', 'COL·L']],
  ])('%s is suggested by its beginnings in any spelling', async (tag, beginnings) => {
    await world.publish({ owner: await world.addUser(), caption: `#${tag}` })
    for (const typed of beginnings) expect(await tags(ANYONE, typed), typed).toContain(tag)
  })

  it('come with the tag as typed first, then those of the most photos', async () => {
    const owner = await world.addUser()
    const tag = freshWord()
    const captions = [`#${tag}`, `#${tag}b`, `#${tag}b #${tag}c`, `#${tag}c`, `#${tag}c`, `#x${tag}`]
    await world.publish(...captions.map((caption) => ({ owner, caption })))
    expect(await tags(ANYONE, tag)).toEqual([tag, `${tag}c`, `${tag}b`])
  })

  it('are the one as typed and seven others, however many there are', async () => {
    const owner = await world.addUser()
    const tag = freshWord()
    const others = Array.from({ length: 25 }, (_, at) => `#${tag}${at}`).join(' ')
    await world.publish({ owner, caption: others }, { owner, caption: others }, { owner, caption: `#${tag}` })
    const found = await tags(ANYONE, tag)
    expect(found).toHaveLength(8)
    expect(found[0]).toBe(tag)
  })

  it('take what means something to expressions as it is', async () => {
    const tag = freshWord()
    await world.publish({ owner: await world.addUser(), caption: `#${tag}` })
    for (const typed of [
      '.*',
      '*',
      `${tag.slice(0, 9)}.*`,
      `${tag.slice(0, 9)}*`,
      `(${tag})`,
      '[a-z]',
      '~',
      '@&<1-9>',
      '\\',
    ])
      expect(await suggested(ANYONE, typed), typed).toEqual({ tags: [], places: [] })
  })

  it('are of photos alone that the viewer sees', async () => {
    const [owner, follower, blocked] = [await world.addUser(), await world.addUser(), await world.addUser()]
    const tag = freshWord()
    await world.follow(follower, owner)
    await block(world.db, owner, blocked)
    await world.publish(
      { owner, caption: `#${tag}public` },
      { owner, caption: `#${tag}followers`, visibility: 'followers' },
      { owner, caption: `#${tag}private`, visibility: 'private' },
    )
    const of = async (viewer: Viewer) =>
      (await tags(viewer, tag)).map((each) => each.slice(tag.length)).sort()
    expect(await of(ANYONE)).toEqual(['public'])
    expect(await of(as(follower))).toEqual(['followers', 'public'])
    expect(await of(as(blocked))).toEqual([])
    expect(await of(as(owner))).toEqual(['followers', 'private', 'public'])
    await setAccountStatus(world.db, owner, 'suspended')
    expect(await of(as(follower))).toEqual([])
  })
})

describe('places', () => {
  it('are suggested by a word of city or country, those that begin so first', async () => {
    const owner = await world.addUser()
    await world.publish({ owner, location: LUZERN })
    for (const typed of ['luz', 'LUZERN sw', 'switz'])
      expect(await places(ANYONE, typed), typed).toEqual(['Luzern, Switzerland'])
    expect(await places(ANYONE, '#luz')).toEqual([])
    const [place] = await places(ANYONE, 'luz')
    expect(await world.find(ANYONE, { place })).toHaveLength(1)
  })

  it('that an owner does not share are suggested to that owner alone', async () => {
    const owner = await world.addUser()
    await world.publish({ owner, location: REYKJAVIK, shareLocation: false })
    expect(await places(ANYONE, 'icel')).toEqual([])
    expect(await places(as(owner), 'icel')).toEqual([expect.stringContaining('Iceland')])
  })
})

describe('before the index has caught up', () => {
  it.each([
    ['made private', (photoId: string) => world.edit(photoId, { visibility: 'private' })],
    ['deleted', (photoId: string) => world.remove(photoId)],
    ['taken down', (photoId: string) => world.setStatus(photoId, 'quarantined')],
    ['called sensitive', (photoId: string) => change(photoId, 'sensitive = true')],
    ['limited', (photoId: string) => change(photoId, 'limited_at = now()')],
  ])('a photo %s takes its tag and place along', async (_, narrow) => {
    const owner = await world.addUser()
    const tag = freshWord()
    const [photoId] = await world.publish({ owner, caption: `#${tag}`, location: LYON })
    expect(await suggested(ANYONE, tag)).toEqual({ tags: [tag], places: [] })
    expect(await places(ANYONE, 'lyon')).toHaveLength(1)
    await narrow(photoId!)
    expect(await tags(ANYONE, tag)).toEqual([])
    expect(await places(ANYONE, 'lyon')).toEqual([])
  })

  it('a place that is no longer shared is not suggested', async () => {
    const owner = await world.addUser()
    const [photoId] = await world.publish({ owner, location: NAIROBI })
    expect(await places(ANYONE, 'kenya')).toHaveLength(1)
    await world.edit(photoId!, { shareLocation: false })
    expect(await places(ANYONE, 'kenya')).toEqual([])
  })

  it('a tag stays while another photo has it', async () => {
    const owner = await world.addUser()
    const tag = freshWord()
    const photos = await world.publish(
      ...[1, 2, 3].map((at) => ({ owner, caption: `#${tag}`, publishedAt: minutes(at) })),
    )
    for (const photoId of photos.slice(1)) await world.remove(photoId)
    expect(await tags(ANYONE, tag)).toEqual([tag])
    await hideFromExplore(owner)
    expect(await tags(ANYONE, tag)).toEqual([])
    expect(await tags(as(owner), tag)).toEqual([tag])
  })
})

async function change(photoId: string, assignment: string): Promise<void> {
  await world.db.primary({ text: `UPDATE photos SET ${assignment} WHERE photo_id = $1`, values: [photoId] })
}

async function hideFromExplore(userId: string): Promise<void> {
  await world.db.primary({
    text: 'UPDATE users SET hidden_from_explore = true WHERE user_id = $1',
    values: [userId],
  })
}
