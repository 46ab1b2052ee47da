import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../../src/infra/db/database.ts'
import { walPosition } from '../../src/infra/db/replica.ts'

const PATIENCE_MS = 20_000
const POLL_MS = 10

/** Resolves when the replica serves and has all that was committed, also after it was out of the rotation for a while. */
export async function settle(db: Database): Promise<void> {
  const position = await walPosition(db.primary)
  const deadline = performance.now() + PATIENCE_MS
  while (!(await db.rotation.waitForReplay(position, deadline - performance.now()))) {
    if (performance.now() > deadline) throw new Error('the replica does not follow')
    await delay(POLL_MS)
  }
}
