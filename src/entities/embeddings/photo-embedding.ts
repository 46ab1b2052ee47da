import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'

/** What a photo shows, as a vector of one model (domain/embeddings.ts). */
export const PhotoEmbedding = defineEntity({
  name: 'PhotoEmbedding',
  tableName: 'photo_embeddings',
  properties: {
    photoId: p.uuid().primary(),
    /** And its version. */
    model: p.string().length(MAX_CHARACTERS.embeddingModel),
    vector: p.blob().$type<Buffer>(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type PhotoEmbedding = InferEntity<typeof PhotoEmbedding>
