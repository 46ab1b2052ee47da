import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { exportKey } from './export-row.ts'

/** Deletes whatever is stored under the name of an export that nothing writes any more: its object, and uploads that nobody finished. */
export async function removeArchive(
  objects: Pick<ObjectStore, 'listUnfinished' | 'abortParts' | 'delete'>,
  exportId: string,
): Promise<void> {
  const key = exportKey(exportId)
  for await (const { uploadId } of objects.listUnfinished(key)) await objects.abortParts(key, uploadId)
  await objects.delete([key])
}
