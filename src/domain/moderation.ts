/** Each role may do what those before it may. */
export const ROLES = ['user', 'moderator', 'senior', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** Whether an account of this role has the rights of the other. */
export function isAtLeast(role: Role, wanted: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(wanted)
}

/** The states in which a photo can be taken down, and to which it is restored. */
export const TAKEN_DOWN_FROM = ['ready', 'offered'] as const

/** Why somebody reports something; each is also the id of a policy that is shipped. */
export const REPORT_REASONS = [
  'spam',
  'nudity',
  'violence',
  'hate',
  'harassment',
  'self-harm',
  'child-safety',
  'illegal',
  'copyright',
  'impersonation',
  'other',
] as const
export type ReportReason = (typeof REPORT_REASONS)[number]

export const SUBJECT_TYPES = ['photo', 'comment', 'user'] as const
export type SubjectType = (typeof SUBJECT_TYPES)[number]

/** What is reported and decided on: a photo or comment by its UUID, an account by its number. */
export interface ModerationSubject {
  type: SubjectType
  id: string
}

/**
 * Who opened a case: users by their reports, automatic moderation by a verdict or for want of one, a member of the staff by a
 * decision of their own, or an account's strikes by their number.
 */
export const CASE_SOURCES = ['reports', 'screening', 'staff', 'strikes'] as const

/**
 * `open`: to be decided, for the first time or again. `decided`: a measure stands, and may be appealed. `appealed`: another moderator is to
 * look at it. `closed`: nothing is left to do; a measure that was upheld stands on.
 */
export const CASE_STATES = ['open', 'decided', 'appealed', 'closed'] as const
export type CaseState = (typeof CASE_STATES)[number]

/** Their places in the queue are their numbers in the database. */
export const CASE_PRIORITIES = ['urgent', 'high', 'normal', 'low'] as const
export type CasePriority = (typeof CASE_PRIORITIES)[number]

export const DECISION_ACTIONS = ['dismiss', 'limit', 'takedown', 'restore', 'suspend'] as const
export type DecisionAction = (typeof DECISION_ACTIONS)[number]

/** Who decided; `classifier` stands for all automatic moderation. */
export const DECIDERS = ['moderator', 'senior', 'admin', 'classifier'] as const
export type Decider = (typeof DECIDERS)[number]

export const APPEAL_STATES = ['pending', 'granted', 'rejected'] as const
export type AppealState = (typeof APPEAL_STATES)[number]

const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** Within what time a case is to be decided, by the place of its priority. Then it moves one place up. */
export const SLA_MS = [HOUR_MS, 8 * HOUR_MS, DAY_MS, 3 * DAY_MS] as const
/** A claim that is not used for so long lets the case go. */
export const CLAIM_MS = 30 * 60_000
/** For so long the owner may appeal; six months, as Article 20 of the EU's Digital Services Act has it. */
export const APPEAL_WINDOW_MS = 183 * DAY_MS
/** Within what time another moderator looks at an appeal. */
export const APPEAL_SLA_MS = 7 * DAY_MS
/** A strike counts for so long. */
export const STRIKE_MS = 90 * DAY_MS

/** What is known of somebody who reports. */
export interface Reporter {
  accountAgeDays: number
  /** Of their earlier reports, those that led to a measure, and those that were dismissed. */
  upheld: number
  dismissed: number
}

/**
 * How much a report counts, between 0 and 1. An account of today counts a tenth, and one whose reports are dismissed ever less, so that
 * a brigade of new accounts weighs as much as a few people who have been right.
 */
export function reportWeight({ accountAgeDays, upheld, dismissed }: Reporter): number {
  const age = accountAgeDays < 1 ? 0.1 : accountAgeDays < 7 ? 0.3 : accountAgeDays < 30 ? 0.6 : 1
  return (age * (upheld + 2)) / (upheld + dismissed + 2)
}

const URGENT: readonly ReportReason[] = ['child-safety', 'self-harm']
const SERIOUS: readonly ReportReason[] = ['violence', 'hate', 'illegal']

/** The place of a case in the queue. The gravest reasons need one report; weight alone never makes a case urgent. */
export function priorityOf(reasons: readonly ReportReason[], weight: number): number {
  const place = (priority: CasePriority) => CASE_PRIORITIES.indexOf(priority)
  if (reasons.some((reason) => URGENT.includes(reason))) return place('urgent')
  if (weight >= 6) return place('high')
  if (weight >= 2 || reasons.some((reason) => SERIOUS.includes(reason))) return place('normal')
  return place('low')
}
