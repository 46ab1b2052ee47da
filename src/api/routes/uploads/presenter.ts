import type { z } from 'zod'
import type { PresignedPut, UploadTarget } from '../../../services/uploads/open-upload.ts'
import type { PartsSchema, UploadSchema } from './schema.ts'

export function presentUpload(upload: PresignedPut): z.infer<typeof UploadSchema> {
  return {
    method: 'PUT',
    url: upload.url,
    headers: upload.headers,
    expiresAt: upload.expiresAt.toISOString(),
  }
}

export function presentTarget(
  target: UploadTarget,
): z.infer<typeof UploadSchema> | z.infer<typeof PartsSchema> {
  return 'method' in target ? { ...target, expiresAt: target.expiresAt.toISOString() } : presentUpload(target)
}
