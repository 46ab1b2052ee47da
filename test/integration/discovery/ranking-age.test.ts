import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRankings } from '../../../src/services/discovery/module.ts'
import { measured } from '../../support/metrics.ts'
import { openApiWorld, type ApiWorld } from '../../support/worlds/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await openApiWorld()
})
afterAll(() => world?.close())

const ageOf = (ranking: string) => measured('darkroom_discovery_ranking_age_seconds', { ranking })

describe('the age of a ranking', () => {
  it('begins anew with each that is made, and not with one that fails', async () => {
    const { rankPhotos } = openRankings(world.api.clients)
    await rankPhotos(Date.now())
    // Tags have not been ranked since the process began.
    expect(await ageOf('photos')).toBeLessThan(await ageOf('tags'))
    const before = await ageOf('photos')
    await expect(rankPhotos(Number.NaN)).rejects.toThrow()
    expect(await ageOf('photos')).toBeGreaterThanOrEqual(before)
    await openRankings(world.api.clients).rankTags(Date.now())
    expect(await ageOf('tags')).toBeLessThanOrEqual(await ageOf('photos'))
  })
})
