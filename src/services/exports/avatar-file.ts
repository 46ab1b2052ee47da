import { buffer } from 'node:stream/consumers'
import { AVATAR_SIZE_NAMES } from '../../domain/avatars.ts'
import type { UserId } from '../../domain/ids.ts'
import type { Query } from '../../infra/db/database.ts'
import { ObjectMissingError, type ObjectStore } from '../../infra/s3/object-store.ts'
import { variantKey } from '../photos/object-keys.ts'

/** Where the avatar is in an archive. */
export const AVATAR_FILE = 'avatar.jpg'

/** The largest square of the account's avatar, some 100 kB; undefined without one, or if it is replaced at this moment. */
export async function readAvatarFile(
  { primary, objects }: { primary: Query; objects: Pick<ObjectStore, 'read'> },
  userId: UserId,
): Promise<Buffer | undefined> {
  const [row] = await primary<{ avatar_id: string; avatar_epoch: number }>({
    text: 'SELECT avatar_id, avatar_epoch FROM users WHERE user_id = $1 AND avatar_id IS NOT NULL',
    values: [userId],
  })
  if (!row) return undefined
  try {
    const key = variantKey(row.avatar_id, row.avatar_epoch, AVATAR_SIZE_NAMES.at(-1)!, 'jpeg')
    return await buffer((await objects.read(key)).body)
  } catch (error) {
    if (error instanceof ObjectMissingError) return undefined
    throw error
  }
}
