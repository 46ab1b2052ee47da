import { beforeAll, describe, expect, it } from 'vitest'
import {
  ACCESS_TABLE,
  ACCOUNT_TABLE,
  ALBUM_TABLE,
  VIEWER_KINDS,
  type PhotoCase,
} from '../../../src/domain/access.table.ts'
import { ACCOUNT_STATUSES, effectiveVisibility, isShownToAll } from '../../../src/domain/access.ts'
import { viewerKey, viewerLinkId, viewerUserId, type Viewer } from '../../../src/domain/viewer.ts'
import {
  accountListsVisibleTo,
  accountVisibleTo,
  albumVisibleTo,
  inAudience,
  isShownToAll as shownToAllInSql,
  profileVisibleTo,
  visibleTo,
} from '../../../src/infra/db/rules.ts'
import { PHOTO_STATUSES, VISIBILITIES } from '../../../src/domain/visibility.ts'
import { visibleTo as searchable } from '../../../src/infra/opensearch/visibility.ts'
import { loadPhotoCards } from '../../../src/services/photos/photo-cards.ts'
import { seedAccessWorld } from '../../support/worlds/access-world.ts'
import { searchWorldOfFile } from '../../support/worlds/search-world.ts'

const world = await searchWorldOfFile()
const seeded = await seedAccessWorld(world.db)
beforeAll(async () => {
  await world.index.write(
    seeded.photos.map(({ photoId, userId, visibility, status, ownerStatus, ownerIsPrivate }) => ({
      put: {
        photoId,
        ownerId: userId,
        username: 'owner',
        caption: null,
        altText: null,
        tags: [],
        visibility: effectiveVisibility(visibility, { status: ownerStatus, isPrivate: ownerIsPrivate }),
        status,
        publishedAt: 1,
        orientation: null,
        colours: [],
        popularity: 0,
        shared: {},
        withheld: {},
        version: 1,
      },
    })),
  )
  await world.refresh()
})

const VIEWER = { userId: '$1::bigint', linkId: '$2::uuid' }
const valuesOf = (viewer: Viewer) => [viewerUserId(viewer), viewerLinkId(viewer)]
const photosOf = (viewer: (typeof VIEWER_KINDS)[number]) =>
  ACCESS_TABLE.filter((row) => row.viewer === viewer)

/** The cases in which `look` differs from the table; it looks once for all the photos of each viewer. */
async function differing(
  rows: readonly PhotoCase[],
  look: (viewer: Viewer) => Promise<Iterable<string>>,
  expected: (row: PhotoCase) => boolean = (row) => row.visible,
): Promise<PhotoCase[]> {
  const seen = new Map<string, Set<string>>()
  for (const viewer of rows.map((row) => seeded.viewerOf(row))) {
    if (!seen.has(viewerKey(viewer))) seen.set(viewerKey(viewer), new Set(await look(viewer)))
  }
  return rows.filter(
    (row) => seen.get(viewerKey(seeded.viewerOf(row)))!.has(seeded.photoOf(row)) !== expected(row),
  )
}

describe.each(VIEWER_KINDS)('the access table: %s', (kind) => {
  it('sees through SQL what the table says', async () => {
    const text = `SELECT p.photo_id FROM photos p JOIN users u ON u.user_id = p.owner_id
      WHERE ${visibleTo('p', 'u', VIEWER)}`
    const look = async (viewer: Viewer) => {
      const rows = await world.db.primary<{ photo_id: string }>({ text, values: valuesOf(viewer) })
      return rows.map((row) => row.photo_id)
    }
    expect(await differing(photosOf(kind), look)).toEqual([])
  })

  it('is in the audience that the table says', async () => {
    const text = `SELECT p.photo_id FROM photos p JOIN users u ON u.user_id = p.owner_id
      WHERE ${inAudience('p', 'u', VIEWER)}`
    const look = async (viewer: Viewer) => {
      const rows = await world.db.primary<{ photo_id: string }>({ text, values: valuesOf(viewer) })
      return rows.map((row) => row.photo_id)
    }
    const expected = (row: PhotoCase) => (kind === 'link' ? row.visible : row.inAudience)
    expect(await differing(photosOf(kind), look, expected)).toEqual([])
  })

  it('sees through SQL the albums that the table says', async () => {
    const text = `SELECT a.album_id FROM albums a JOIN users o ON o.user_id = a.owner_id
      WHERE a.album_id = $3 AND ${albumVisibleTo('a', 'o', VIEWER)}`
    for (const row of ALBUM_TABLE.filter(({ viewer }) => viewer === kind)) {
      const viewer = seeded.viewerOf({ ...row, grant: row.isMember ? 'byOwner' : 'none' })
      const values = [...valuesOf(viewer), seeded.albumOf(row)]
      expect({ ...row, visible: (await world.db.primary({ text, values })).length > 0 }).toEqual(row)
    }
  })

  it('gets the cards that the table says', async () => {
    const ids = seeded.photos.map((photo) => photo.photoId)
    const look = async (viewer: Viewer) => (await loadPhotoCards(world.db.replica, viewer, ids)).cards.keys()
    expect(await differing(photosOf(kind), look)).toEqual([])
  })

  it('finds by search the photos whose audience it is in', async () => {
    const look = async (viewer: Viewer) => {
      const { follows, blocks } = await relationsOf(viewer)
      const query = searchable(viewer, { followees: follows, blocked: blocks })
      const hits = await world.index.search({ query, order: 'recent', after: null, size: 1_000 })
      return hits.positions.map((hit) => hit.photoId)
    }
    expect(await differing(photosOf(kind), look, (row) => row.inAudience)).toEqual([])
  })

  it('sees the accounts that the table says', async () => {
    for (const row of ACCOUNT_TABLE.filter(({ viewer }) => viewer === kind)) {
      const [answer] = await world.db.primary({
        text: `SELECT ${profileVisibleTo('u', VIEWER)} AS profile, ${accountVisibleTo('u', VIEWER)} AS listed,
                 ${accountListsVisibleTo('u', VIEWER)} AS lists FROM users u WHERE u.user_id = $3`,
        values: [...valuesOf(seeded.viewerOf(row)), seeded.ownerOf(row)],
      })
      expect({ ...row, ...answer }).toEqual(row)
    }
  })
})

async function relationsOf(viewer: Viewer): Promise<{ follows: string[]; blocks: string[] }> {
  const [row] = await world.db.primary<{ follows: string[]; blocks: string[] }>({
    text: `SELECT ARRAY(SELECT followee_id::text FROM follows WHERE follower_id = $1::bigint) AS follows,
             ARRAY(SELECT blocked_id::text FROM blocks WHERE blocker_id = $1::bigint
               UNION ALL SELECT blocker_id::text FROM blocks WHERE blocked_id = $1::bigint) AS blocks`,
    values: [viewerUserId(viewer)],
  })
  return row!
}

const EITHER = [false, true]
const RECOMMENDED = PHOTO_STATUSES.flatMap((status) =>
  VISIBILITIES.flatMap((visibility) =>
    ACCOUNT_STATUSES.flatMap((ownerStatus) =>
      EITHER.flatMap((isPrivate) =>
        EITHER.flatMap((sensitive) =>
          EITHER.flatMap((isLimited) =>
            EITHER.map((isOwnerHidden) => ({
              photo: { status, visibility },
              owner: { status: ownerStatus, isPrivate },
              measures: { sensitive, isLimited, isOwnerHidden },
            })),
          ),
        ),
      ),
    ),
  ),
)

describe('what is shown to people who did not ask for it', () => {
  it('is the same through SQL: public, and neither sensitive nor hidden', async () => {
    const rows = await world.db.primary<{ shown: boolean }>({
      text: `SELECT ${shownToAllInSql('p', 'u')} AS shown FROM jsonb_array_elements($1) WITH ORDINALITY given (one, place),
        jsonb_to_record(one -> 'p') p (status text, visibility text, sensitive boolean, limited_at timestamptz),
        jsonb_to_record(one -> 'u') u (status text, is_private boolean, hidden_from_explore boolean) ORDER BY place`,
      values: [
        JSON.stringify(
          RECOMMENDED.map(({ photo, owner, measures }) => ({
            p: {
              ...photo,
              sensitive: measures.sensitive,
              limited_at: measures.isLimited ? '2026-01-01' : null,
            },
            u: {
              status: owner.status,
              is_private: owner.isPrivate,
              hidden_from_explore: measures.isOwnerHidden,
            },
          })),
        ),
      ],
    })
    const told = RECOMMENDED.map(({ photo, owner, measures }) => isShownToAll(photo, owner, measures))
    expect(rows.map(({ shown }) => shown)).toEqual(told)
    expect(RECOMMENDED.filter((_, at) => told[at])).toEqual([
      {
        photo: { status: 'ready', visibility: 'public' },
        owner: { status: 'active', isPrivate: false },
        measures: { sensitive: false, isLimited: false, isOwnerHidden: false },
      },
    ])
  })
})
