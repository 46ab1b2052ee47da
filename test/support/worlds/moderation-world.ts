import { afterAll, beforeAll, expect } from 'vitest'
import type { Role, ModerationSubject, ReportReason } from '../../../src/domain/moderation.ts'
import { openApiWorld, type ApiWorld, type Json, type Person } from './api-world.ts'

/** The API with people who report and people who moderate. */
export interface ModerationWorld extends ApiWorld {
  /** A signed-in account of this role. */
  signUpAs(role: Role): Promise<Person>
  /** Reports as this person, and expects this status. @returns the report, or the problem */
  report(who: Person, subject: ModerationSubject, status?: number, reason?: ReportReason): Promise<Json>
  /** The cases of the subject, oldest first. */
  casesOf(subject: ModerationSubject): Promise<CaseFigures[]>
  /** What was audited of the case, oldest first. */
  auditOf(caseId: string): Promise<string[]>
}

/** Two people, a moderator and a senior, none of whom follows another. */
export interface ModerationCast {
  world: ModerationWorld
  ann: Person
  bob: Person
  mo: Person
  mia: Person
}

/** For all tests of the file. @param use gets them before the first test */
export function moderationCastOfFile(use: (cast: ModerationCast) => void): void {
  let world: ModerationWorld | undefined
  beforeAll(async () => {
    world = await openModerationWorld()
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    use({ world, ann, bob, mo: await world.signUpAs('moderator'), mia: await world.signUpAs('senior') })
  })
  afterAll(() => world?.close())
}

interface CaseFigures {
  case_id: string
  state: string
  priority: number
  report_count: number
  weight: number
  due_in_minutes: number
}

export async function openModerationWorld(overrides: Record<string, string> = {}): Promise<ModerationWorld> {
  const world = await openApiWorld(overrides)
  const { db } = world
  return {
    ...world,
    async signUpAs(role) {
      const person = await world.signUp()
      await db.primary({ text: 'UPDATE users SET role = $2 WHERE user_id = $1', values: [person.id, role] })
      return person
    },
    async report(who, subject, status = 201, reason = 'spam') {
      const answer = await world.call('POST', '/v1/reports', { token: who.token, body: { subject, reason } })
      expect(answer.status, JSON.stringify(answer.body)).toBe(status)
      return answer.body.report ?? answer.body
    },
    casesOf: ({ type, id }) =>
      db.primary({
        text: `SELECT case_id, state, priority, report_count, weight,
            round(extract(epoch FROM due_at - now()) / 60)::integer AS due_in_minutes
          FROM moderation_cases WHERE subject_type = $1 AND subject_id = $2 ORDER BY opened_at`,
        values: [type, id],
      }),
    async auditOf(caseId) {
      const rows = await db.primary<{ action: string }>({
        text: 'SELECT action FROM moderation_audit WHERE subject = $1 ORDER BY seq',
        values: [`case/${caseId}`],
      })
      return rows.map(({ action }) => action)
    },
  }
}
