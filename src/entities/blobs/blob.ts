import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/**
 * An original that is stored, once for all photos with the same bytes; `blobId` is the id of the photo that brought it, which
 * need not be one of them any more. Photos refer to it by `photos.blob_id`; a `condemned` one is deleted as soon as it can be.
 */
export const Blob = defineEntity({
  name: 'Blob',
  tableName: 'blobs',
  checks: [
    { name: 'blobs_sha256_check', expression: 'length(sha256) = 32' },
    { name: 'blobs_bytes_check', expression: 'bytes > 0' },
    { name: 'blobs_check', expression: "(state = 'condemned') = (condemned_at IS NOT NULL)" },
  ],
  properties: {
    blobId: p.uuid().primary(),
    sha256: p.blob().$type<Buffer>(),
    bytes: p.bigint('string'),
    objectKey: p.string().length(MAX_CHARACTERS.objectKey),
    state: p.enum(['live', 'separate', 'condemned'] as const),
    createdAt: p.datetime(3).defaultRaw('now()'),
    condemnedAt: p.datetime(3).nullable(),
  },
})
export type Blob = InferEntity<typeof Blob>
export type BlobRow = Row<typeof Blob>
