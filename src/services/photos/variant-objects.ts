import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { variantsPrefix } from './object-keys.ts'

/** The keys of all that is stored of a photo or an avatar but what was uploaded, of every epoch. */
export async function variantKeysOf(objects: Pick<ObjectStore, 'list'>, id: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of objects.list(variantsPrefix(id))) keys.push(key)
  return keys
}
