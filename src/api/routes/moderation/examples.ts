import { photoExample } from '../photos/examples.ts'

/** Examples for the OpenAPI document; a test validates each one against its schema. */
const subject = { type: 'photo', id: photoExample.id }

export const reportExample = {
  id: '0199a1b2-c3d4-7e5f-8a6b-000000000601',
  subject,
  reason: 'copyright',
  detail: 'I took this picture; it is in my library since 2024.',
  outcome: null,
  createdAt: '2026-03-09T19:30:00.000Z',
}

export const caseExample = {
  id: '0199a1b2-c3d4-7e5f-8a6b-000000000602',
  subject,
  owner: photoExample.owner,
  source: 'reports',
  state: 'open',
  priority: 'normal',
  policy: 'copyright',
  weight: 2.4,
  reportCount: 3,
  openedAt: '2026-03-09T19:30:00.000Z',
  dueAt: '2026-03-10T19:30:00.000Z',
  closedAt: null,
  claim: { username: 'grace', until: '2026-03-09T20:15:00.000Z' },
}

export const decisionExample = {
  id: '0199a1b2-c3d4-7e5f-8a6b-000000000603',
  action: 'limit',
  policy: 'nudity',
  policyVersion: 1,
  reason: 'Shown behind a warning.',
  decidedBy: 'grace',
  decidedAs: 'moderator',
  until: null,
  reversedAt: null,
  createdAt: '2026-03-02T10:00:00.000Z',
}

export const suspensionExample = {
  ...decisionExample,
  id: '0199a1b2-c3d4-7e5f-8a6b-000000000604',
  action: 'suspend',
  policy: 'spam',
  reason: 'Advertising under 40 photos of others, after two warnings.',
  decidedAs: 'senior',
  until: '2099-01-31T08:00:00.000Z',
}

export const ownAppealExample = {
  text: 'It is a painting of the museum.',
  state: 'pending',
  answer: null,
  answeredAt: null,
  createdAt: '2026-03-03T09:00:00.000Z',
}

export const ownDecisionExample = {
  id: decisionExample.id,
  subject,
  action: 'limit',
  policy: {
    id: 'nudity',
    version: 1,
    title: 'Nudity and sexual content',
    text: 'Nudity is shown behind a warning. Pornography is not allowed.',
  },
  reason: decisionExample.reason,
  decidedAs: 'moderator',
  until: null,
  strikeUntil: null,
  reversedAt: null,
  createdAt: decisionExample.createdAt,
  appealUntil: null,
  appeal: ownAppealExample,
}

export const caseInFullExample = {
  case: caseExample,
  evidence: {
    whenOpened: { caption: 'Fog at the lake', altText: null },
    now: { caption: 'Fog', altText: null },
    picture: { placeholder: '3OcRJYB4d3h/iIeHeEh3eIhw+j2w', width: 4032, height: 3024 },
  },
  reports: [
    {
      reason: 'copyright',
      detail: reportExample.detail,
      weight: 0.8,
      createdAt: '2026-03-09T19:30:00.000Z',
    },
  ],
  decisions: [decisionExample],
  appeal: null,
}

export const policyExample = {
  id: 'copyright',
  version: 2,
  title: 'Rights of others',
  text: 'Only what you made yourself or may publish.',
  isStrike: true,
  createdAt: '2026-03-01T08:00:00.000Z',
}

export const auditEntryExample = {
  seq: '17',
  at: '2026-03-09T19:45:00.000Z',
  actor: 'grace',
  role: 'moderator',
  action: 'case.claimed',
  subject: `case/${caseExample.id}`,
  details: {},
  hash: '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
}

const decided = { dismiss: 4, limit: 1, takedown: 2, restore: 0, suspend: 0 }

export const statsExample = {
  open: { urgent: 0, high: 1, normal: 4, low: 12 },
  overdue: 1,
  claimed: 2,
  medianAgeSeconds: 14400,
  decided: { lastDay: decided, lastWeek: { ...decided, dismiss: 31 } },
  reversalRate: 0.04,
}
