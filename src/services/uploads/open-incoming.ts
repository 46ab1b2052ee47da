import { InvalidImageError } from '../../domain/invalid-image.ts'
import { ObjectMissingError, type ObjectStore } from '../../infra/s3/object-store.ts'

/**
 * What was uploaded; a user waits, so that it is not looked at first.
 * @throws InvalidImageError, before its bytes are fetched, if they are not as many as were declared
 */
export async function openIncoming(objects: Pick<ObjectStore, 'read'>, key: string, declaredBytes: number) {
  const found = await objects.read(key).catch((error: unknown) => {
    if (error instanceof ObjectMissingError) return undefined
    throw error
  })
  if (found?.bytes === declaredBytes) return found
  found?.body.destroy()
  throw new InvalidImageError(
    'size_mismatch',
    `${found?.bytes ?? 0} bytes arrived, ${declaredBytes} were declared.`,
  )
}
