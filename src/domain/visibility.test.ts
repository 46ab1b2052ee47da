import { describe, expect, it } from 'vitest'
import { ANONYMOUS, type Viewer } from './viewer.ts'
import { isNarrowing, maySee } from './visibility.ts'
import { VISIBILITY_TABLE, type ViewerKind } from './visibility.table.ts'

const OWNER = '1'
const viewers: Record<ViewerKind, Viewer> = {
  anonymous: ANONYMOUS,
  stranger: { kind: 'user', userId: '2' },
  follower: { kind: 'user', userId: '3' },
  owner: { kind: 'user', userId: OWNER },
}

describe('maySee', () => {
  it.each(VISIBILITY_TABLE)('$viewer, $visibility, $status → $visible', (row) => {
    const photo = { ownerId: OWNER, visibility: row.visibility, status: row.status }
    expect(maySee(viewers[row.viewer], photo, { viewerFollowsOwner: row.viewer === 'follower' })).toBe(
      row.visible,
    )
  })
})

describe('isNarrowing', () => {
  it.each([
    ['public', 'followers', true],
    ['public', 'private', true],
    ['followers', 'private', true],
    ['private', 'followers', false],
    ['followers', 'public', false],
    ['public', 'public', false],
  ] as const)('%s → %s: %s', (from, to, narrowing) => {
    expect(isNarrowing(from, to)).toBe(narrowing)
  })
})
