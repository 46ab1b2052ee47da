import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readOpenErasures, readOpenExports } from '../../../src/services/operations/watch-departures.ts'
import { openExportWorld, SMALLEST_PART_BYTES, type ExportWorld } from '../../support/worlds/export-world.ts'
import { openApiWorld, type ApiWorld } from '../../support/worlds/api-world.ts'
import { buildStoredPhoto } from '../../support/factories/stored-originals.ts'

const HOUR_SECONDS = 3_600

let world: ApiWorld
let exports: ExportWorld
beforeAll(async () => {
  world = await openApiWorld()
  exports = await openExportWorld()
})
afterAll(() => Promise.all([world?.close(), exports?.close()]))

const hours = (seconds: number) => Math.round(seconds / HOUR_SECONDS)

describe('the watch on departures', () => {
  it('counts an erasure from the end of its days of grace', async () => {
    const { primary } = world.db
    expect(await readOpenErasures(primary)).toEqual({ waiting: 0, running: 0, oldestSeconds: 0 })
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    for (const { token, password } of [ann, bob])
      await world.call('DELETE', '/v1/me', { token, body: { password } })
    expect(await readOpenErasures(primary)).toEqual({ waiting: 2, running: 0, oldestSeconds: 0 })
    await primary({
      text: `UPDATE account_erasures SET starts_at = now() - interval '30 hours' WHERE user_id = $1`,
      values: [ann.id],
    })
    expect(hours((await readOpenErasures(primary)).oldestSeconds)).toBe(30)
    await primary({
      text: 'UPDATE account_erasures SET started_at = now() WHERE user_id = $1',
      values: [ann.id],
    })
    expect(await readOpenErasures(primary)).toMatchObject({ waiting: 1, running: 1 })
    await primary({
      text: 'UPDATE account_erasures SET completed_at = now() WHERE user_id = $1',
      values: [ann.id],
    })
    expect(await readOpenErasures(primary)).toEqual({ waiting: 1, running: 0, oldestSeconds: 0 })
  })

  it('counts an export from its last part', async () => {
    const { primary } = exports.db
    expect(await readOpenExports(primary)).toEqual({ preparing: 0, idleSeconds: 0 })
    const owner = await exports.owner()
    await buildStoredPhoto(exports, owner, { body: randomBytes(SMALLEST_PART_BYTES * 2) })
    const exportId = await exports.ask(owner)
    await primary({
      text: `UPDATE account_exports SET created_at = now() - interval '30 hours', progressed_at = now() - interval '30 hours'
        WHERE export_id = $1`,
      values: [exportId],
    })
    const idle = await readOpenExports(primary)
    expect({ ...idle, idleSeconds: hours(idle.idleSeconds) }).toEqual({ preparing: 1, idleSeconds: 30 })
    await exports.part(exportId)
    expect(hours((await readOpenExports(primary)).idleSeconds)).toBe(0)
    await exports.run(exportId)
    expect(await readOpenExports(primary)).toEqual({ preparing: 0, idleSeconds: 0 })
  })
})
