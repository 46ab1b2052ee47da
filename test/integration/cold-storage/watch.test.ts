import { randomBytes, randomUUID } from 'node:crypto'
import { register } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createColdStorageWatch } from '../../../src/services/cold-storage/watch-cold-storage.ts'
import { countOriginals } from '../../../src/services/cold-storage/count-originals.ts'
import { openColdStorage } from '../../../src/services/cold-storage/module.ts'
import { recordRun } from '../../../src/services/cold-storage/runs.ts'
import type { Clients } from '../../../src/services/clients.ts'
import { measured } from '../../support/metrics.ts'
import { eventually, openUploadWorld, silent, type UploadWorld } from '../../support/worlds/upload-world.ts'

let world: UploadWorld
beforeAll(async () => {
  world = await openUploadWorld()
})
afterAll(() => world?.close())

interface StoredBlob {
  bytes: number
  tier?: 'hot' | 'cold'
  isCondemned?: boolean
  isRestored?: boolean
}

async function storeBlob({ bytes, tier = 'hot', isCondemned = false, isRestored = false }: StoredBlob) {
  const id = randomUUID()
  await world.db.primary({
    text: `INSERT INTO blobs (blob_id, sha256, bytes, object_key, state, tier, condemned_at, restored_key, restored_until)
      VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $7 THEN now() END, CASE WHEN $8 THEN 'restored/x' END,
        CASE WHEN $8 THEN now() + interval '7 days' END)`,
    values: [
      id,
      randomBytes(32),
      bytes,
      `originals/${id}`,
      isCondemned ? 'condemned' : 'separate',
      tier,
      isCondemned,
      isRestored,
    ],
  })
}

/** Lets it watch until it reports what is `wanted`. */
async function watchUntil<T>(wanted: () => Promise<T | undefined>): Promise<T> {
  register.resetMetrics()
  const end = new AbortController()
  const watching = createColdStorageWatch({ db: world.db, logger: silent })(end.signal)
  try {
    return await eventually(wanted)
  } finally {
    end.abort()
    await watching
  }
}

describe('the watch on the cold storage', () => {
  it('counts what is stored where, and who waits', async () => {
    await storeBlob({ bytes: 100 })
    await storeBlob({ bytes: 50 })
    await storeBlob({ bytes: 30, tier: 'cold' })
    await storeBlob({ bytes: 20, tier: 'cold', isRestored: true })
    await storeBlob({ bytes: 1000, isCondemned: true })
    const owner = await world.owner()
    for (const state of ['cold', 'restoring']) {
      const { photoId } = await world.openUpload(owner)
      await world.db.primary({
        text: 'INSERT INTO cold_originals (photo_id, state) VALUES ($1, $2)',
        values: [photoId, state],
      })
    }
    const sweep = countOriginals(world.db.primary)
    expect(await sweep.run()).toBe(5)
    expect(await sweep.run()).toBe(5)
    await watchUntil(async () => (await measured('darkroom_originals')) > 0 || undefined)
    const inTier = async (tier: string) => [
      await measured('darkroom_originals', { tier }),
      await measured('darkroom_original_bytes', { tier }),
    ]
    expect(await inTier('hot')).toEqual([2, 150])
    expect(await inTier('cold')).toEqual([2, 50])
    expect(await inTier('restored')).toEqual([1, 20])
    expect(await measured('darkroom_originals_restoring')).toBe(1)
  })

  it('counts the time from its first look, and from the end of each run', async () => {
    const { primary } = world.db
    const reported = (isRight: (seconds: number) => boolean) =>
      watchUntil(async () => {
        const seconds = await measured('darkroom_cold_storage_last_run_seconds')
        return isRight(seconds) ? seconds : undefined
      })
    await primary({ text: 'DELETE FROM cold_storage_runs' })
    await reported((seconds) => seconds > 0 && seconds < 60)
    await primary({ text: `UPDATE cold_storage_runs SET finished_at = now() - interval '3 days'` })
    expect(await reported((seconds) => seconds > 86_400)).toBeCloseTo(3 * 86_400, -2)
    await recordRun(primary)
    await reported((seconds) => seconds > 0 && seconds < 60)
  })

  it('is not late at once where a cold storage is set up again', async () => {
    const { config, db, objects } = world
    await db.primary({ text: `UPDATE cold_storage_runs SET finished_at = now() - interval '9 days'` })
    // The daily run goes on while the settings name none.
    const without = openColdStorage({ config, db, objects, archive: undefined } as Clients)
    expect(await without.limit()).toBeNull()
    await watchUntil(async () => {
      const seconds = await measured('darkroom_cold_storage_last_run_seconds')
      return (seconds > 0 && seconds < 60) || undefined
    })
  })
})
