import { DarkroomError } from '../../domain/errors.ts'
import { CLAIM_MS } from '../../domain/moderation.ts'
import type { Database } from '../../infra/db/database.ts'
import type { Outbox } from '../delivery/outbox.ts'
import { writeAudit } from './audit-log.ts'
import { readCase, type ShownCase } from './read-case.ts'
import { holdCase } from './hold-case.ts'
import { oweCaseChange } from './open-case.ts'
import type { StaffMember } from './staff.ts'

/** Keeps two moderators from working on one case. */
export interface Claims {
  /**
   * Keeps others off a case for half an hour; again, from now on.
   * @throws DarkroomError not_found, own_case, case_claimed, case_closed if there is nothing to decide
   */
  claim(staff: StaffMember, caseId: string): Promise<ShownCase>
  /** Lets it go. One that somebody else has claimed stays theirs. @throws DarkroomError not_found */
  release(staff: StaffMember, caseId: string): Promise<void>
}

const CLAIM = `
  UPDATE moderation_cases SET claimed_by = $2, claimed_until = now() + ${CLAIM_MS} * interval '1 millisecond'
  WHERE case_id = $1`
const RELEASE = `
  UPDATE moderation_cases SET claimed_by = NULL, claimed_until = NULL
  WHERE case_id = $1 AND claimed_by = $2 RETURNING case_id`

export function createClaims({
  db,
  outbox,
}: {
  db: Pick<Database, 'transaction'>
  outbox: Pick<Outbox, 'dispatch'>
}): Claims {
  return {
    async claim(staff, caseId) {
      const { shown, outboxId } = await db.transaction(async (tx) => {
        const held = await holdCase(tx, staff, caseId)
        if (held.state !== 'open' && held.state !== 'appealed')
          throw new DarkroomError('case_closed', 'There is nothing to decide.')
        await tx.query({ text: CLAIM, values: [caseId, staff.userId] })
        const { shown } = await readCase(tx.query, caseId)
        const subject = { type: held.subject_type, id: held.subject_id }
        const outboxId = await oweCaseChange(tx, caseId, subject, held.owner_id)
        await writeAudit(tx, { actor: staff, action: 'case.claimed', subject: `case/${caseId}` })
        return { shown, outboxId }
      })
      await outbox.dispatch([outboxId])
      return shown
    },

    release: (staff, caseId) =>
      db.transaction(async (tx) => {
        await readCase(tx.query, caseId)
        const released = await tx.query({ text: RELEASE, values: [caseId, staff.userId] })
        if (released.length > 0)
          await writeAudit(tx, { actor: staff, action: 'case.released', subject: `case/${caseId}` })
      }),
  }
}
