import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openWorld, type World } from './feed-world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

describe('the feed', () => {
  it('works', async () => {
    const [viewer, author, stranger] = [await world.account(), await world.account(), await world.account()]
    await world.follow(viewer, author)
    const published = []
    for (let n = 0; n < 7; n++) published.push((await world.publish(author)).photoId)
    published.push((await world.publish(viewer, { visibility: 'followers' })).photoId)
    await world.publish(stranger)
    await world.settle()
    expect(await world.walk(viewer, 3)).toEqual(published.toReversed())
    console.log(world.tiers())
    const more = await world.publish(author)
    await world.settle()
    expect(await world.walk(viewer, 100)).toEqual([more.photoId, ...published.toReversed()])
    console.log(world.tiers())
  })
})
