import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ACCOUNT_EXPORT, accountExportWorkflowId } from '../../../src/contracts/account-export.ts'
import { exportKey } from '../../../src/services/exports/export-row.ts'
import { buildStoredPhoto } from '../../support/factories/stored-originals.ts'
import { mortalWorkers, type MortalWorkers } from '../../support/servers/mortal-workers.ts'
import {
  checkZip,
  openExportWorld,
  SMALLEST_PART_BYTES,
  unzipped,
  type ExportWorld,
} from '../../support/worlds/export-world.ts'
import { eventually } from '../../support/worlds/upload-world.ts'

let world: ExportWorld
let workers: MortalWorkers
beforeAll(async () => {
  world = await openExportWorld()
  workers = mortalWorkers({ TEMPORAL_NAMESPACE: world.config.TEMPORAL_NAMESPACE })
})
afterAll(async () => {
  await workers?.kill()
  await world?.close()
})

const statusOf = async (exportId: string) => {
  const [row] = await world.db.primary<{ status: string; is_empty: boolean }>({
    text: 'SELECT status, emptied_at IS NOT NULL AS is_empty FROM account_exports WHERE export_id = $1',
    values: [exportId],
  })
  return row!
}

/** What a death in the midst of a step leaves is in archive.test.ts. */
describe('an export whose worker is killed at each of its steps', () => {
  it('is made as if nobody disturbed it, and deleted so', { timeout: 300_000 }, async () => {
    const owner = await world.owner()
    const body = randomBytes(SMALLEST_PART_BYTES * 2)
    await buildStoredPhoto(world, owner, { body })
    const exportId = await world.ask(owner)
    await world.outbox.dispatch([await owed(exportId, owner)])
    await workers.dieAfterEach(['planExport', 'askForOriginals', 'writeExport', 'finishExport'])
    workers.start()
    await eventually(async () => (await statusOf(exportId)).status === 'ready', 60_000)
    const zip = await world.download(exportId)
    expect(await checkZip(zip)).toBe('Done testing')
    const originals = [...(await unzipped(zip))].filter(([name]) => name.startsWith('photos/'))
    expect(originals.map(([, bytes]) => bytes.equals(body))).toEqual([true])

    await workers.kill()
    await world.db.primary({
      text: `UPDATE account_exports SET status = 'deleted' WHERE export_id = $1`,
      values: [exportId],
    })
    await world.outbox.dispatch([await owed(exportId, owner)])
    await workers.dieAfterEach(['emptyExport'])
    workers.start()
    const handle = world.temporal.workflow.getHandle(accountExportWorkflowId(exportId))
    expect(await handle.result()).toMatchObject({ state: 'gone' })
    expect((await handle.describe()).type).toBe(ACCOUNT_EXPORT)
    expect(await world.objects.head(exportKey(exportId))).toBeUndefined()
    expect(await statusOf(exportId)).toEqual({ status: 'deleted', is_empty: true })
  })
})

const owed = (exportId: string, ownerId: string) =>
  world.owe({ kind: 'exportChanged', payload: { exportId, ownerId } })
