import type { UserId } from '../src/domain/ids.ts'
import { insertReadyPhotos } from './photos.ts'
import type { BenchService } from './service.ts'

/** Users who follow each other and all have photos. */
export interface Graph {
  userIds: UserId[]
  /** Additional accounts that follow many. */
  collectors: { userId: UserId; following: number }[]
}

/** Each user follows `following` others, spread evenly; their photos interleave in time. */
export async function seedGraph(
  service: BenchService,
  size: { users: number; following: number; photosPerUser: number; lists: readonly number[] },
): Promise<Graph> {
  const { admin } = service
  await admin.query('SET session_replication_role = replica')
  const insertUsers = async (prefix: string, count: number): Promise<UserId[]> => {
    const { rows } = await admin.query<{ user_id: UserId }>(
      `INSERT INTO users (username, password_hash) SELECT $1 || i, 'none' FROM generate_series(1, $2::integer) i
       RETURNING user_id`,
      [prefix, count],
    )
    return rows.map((row) => row.user_id)
  }
  const userIds = await insertUsers('user', size.users)
  const first = Number(userIds[0])
  // A stride that is coprime to the number of users meets each of them once.
  await admin.query(
    `INSERT INTO follows (follower_id, followee_id)
     SELECT $1 + u, $1 + (u + k * 7) % $2 FROM generate_series(0::bigint, $2::bigint - 1) u
     CROSS JOIN generate_series(1::bigint, $3::bigint) k ON CONFLICT DO NOTHING`,
    [first, size.users, size.following],
  )
  const listIds = await insertUsers('collector', size.lists.length)
  const collectors = listIds.map((userId, i) => ({ userId, following: size.lists[i]! }))
  for (const { userId, following } of collectors) {
    await admin.query(
      'INSERT INTO follows (follower_id, followee_id) SELECT $1, $2 + u FROM generate_series(0, $3::bigint - 1) u',
      [userId, first, following],
    )
  }
  await insertReadyPhotos(admin, { firstOwner: first, owners: size.users, each: size.photosPerUser })
  await admin.query('SET session_replication_role = origin')
  await admin.query('VACUUM ANALYZE')
  await service.settle()
  return { userIds, collectors }
}
