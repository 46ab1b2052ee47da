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
    { name: 'blobs_check1', expression: '(restored_key IS NULL) = (restored_until IS NULL)' },
    { name: 'blobs_check2', expression: "restored_key IS NULL OR tier = 'cold'" },
  ],
  properties: {
    blobId: p.uuid().primary(),
    sha256: p.blob().$type<Buffer>(),
    bytes: p.bigint('string'),
    objectKey: p.string().length(MAX_CHARACTERS.objectKey),
    state: p.enum(['live', 'separate', 'condemned'] as const),
    createdAt: p.datetime(3).defaultRaw('now()'),
    condemnedAt: p.datetime(3).nullable(),
    /** Where `objectKey` is. A cold one is not joined by uploads. */
    tier: p.enum(['hot', 'cold'] as const).default('hot'),
    /** A copy may have been made in the cold storage since then. */
    coolingAt: p.datetime(3).nullable(),
    /** Of a cold one that was restored: a copy in the hot storage, kept until `restoredUntil`. */
    restoredKey: p.string().length(MAX_CHARACTERS.objectKey).nullable(),
    restoredUntil: p.datetime(3).nullable(),
  },
})
export type Blob = InferEntity<typeof Blob>
export type BlobRow = Row<typeof Blob>
