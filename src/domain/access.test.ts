import { describe, expect, it } from 'vitest'
import {
  ACCESS_TABLE,
  ACCOUNT_TABLE,
  ALBUM_TABLE,
  VIEWER_KINDS,
  type AccountCase,
  type ViewerKind,
} from './access.table.ts'
import {
  accountListsVisibleTo,
  accountVisibleTo,
  albumVisibleTo,
  maySee,
  profileVisibleTo,
} from './access.ts'
import { ANONYMOUS, type Viewer } from './viewer.ts'

const OWNER = '1'
const viewers: Record<ViewerKind, Viewer> = {
  anonymous: ANONYMOUS,
  stranger: { kind: 'user', userId: '2' },
  follower: { kind: 'user', userId: '3' },
  owner: { kind: 'user', userId: OWNER },
  link: { kind: 'link', linkId: OWNER },
}

const relationsOf = ({ viewer, block }: AccountCase) => ({
  follows: viewer === 'follower',
  blocking: block === 'blocking',
  blockedBy: block === 'blockedBy',
})
const accountOf = ({ ownerStatus: status, ownerIsPrivate: isPrivate }: AccountCase) => ({ status, isPrivate })

describe('the table of cases', () => {
  it('holds every case once', () => {
    expect(ACCESS_TABLE).toHaveLength(240 * (1 + 3 * 3 + 3 * 3 + 1 + 4))
    expect(new Set(ACCESS_TABLE.map((row) => JSON.stringify(row))).size).toBe(ACCESS_TABLE.length)
    expect(ACCOUNT_TABLE).toHaveLength(10 * (1 + 3 + 3 + 1 + 1))
    expect(ALBUM_TABLE).toHaveLength(10 * 3 * (1 + 3 * 2 + 3 * 2 + 1 + 1))
  })
})

describe.each(VIEWER_KINDS)('of all cases, %s', (viewer) => {
  it('sees the photos that the table says', () => {
    const differing = ACCESS_TABLE.filter((row) => {
      const photo = { ownerId: OWNER, visibility: row.visibility, status: row.status }
      const isGranted = row.grant === 'byOwner'
      const relations = {
        ...relationsOf(row),
        owner: accountOf(row),
        isInAlbumOfLink: row.grant !== 'none' && viewer === 'link',
        grantedByLink: isGranted && viewer === 'link',
        grantedByMembership: isGranted && viewer !== 'link',
      }
      return row.viewer === viewer && maySee(viewers[viewer], photo, relations) !== row.visible
    })
    expect(differing).toEqual([])
  })

  it('sees the albums that the table says', () => {
    const differing = ALBUM_TABLE.filter((row) => {
      const album = { ownerId: OWNER, visibility: row.visibility }
      const relations = { ...relationsOf(row), owner: accountOf(row), isMember: row.isMember }
      return row.viewer === viewer && albumVisibleTo(viewers[viewer], album, relations) !== row.visible
    })
    expect(differing).toEqual([])
  })

  it('sees the accounts that the table says', () => {
    const rows = ACCOUNT_TABLE.filter((row) => row.viewer === viewer)
    const answers = rows.map((row) => {
      const of = [viewers[viewer], { userId: OWNER, ...accountOf(row) }, relationsOf(row)] as const
      return {
        ...row,
        profile: profileVisibleTo(...of),
        listed: accountVisibleTo(...of),
        lists: accountListsVisibleTo(...of),
      }
    })
    expect(answers).toEqual(rows)
  })
})
