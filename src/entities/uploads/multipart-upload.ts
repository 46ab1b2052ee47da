import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** An original that arrives in parts: the storage's name of the upload, and the size of every part but the last. */
export const MultipartUpload = defineEntity({
  name: 'MultipartUpload',
  tableName: 'multipart_uploads',
  checks: [{ name: 'multipart_uploads_part_bytes_check', expression: 'part_bytes > 0' }],
  properties: {
    photoId: p.uuid().primary(),
    uploadId: p.text(),
    partBytes: p.integer(),
  },
})
export type MultipartUpload = InferEntity<typeof MultipartUpload>
