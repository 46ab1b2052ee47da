import type { z } from 'zod'
import type { PresignedPut } from '../../../services/uploads/open-upload.ts'
import type { UploadSchema } from './schema.ts'

export function presentUpload(upload: PresignedPut): z.infer<typeof UploadSchema> {
  return {
    method: 'PUT',
    url: upload.url,
    headers: upload.headers,
    expiresAt: upload.expiresAt.toISOString(),
  }
}
