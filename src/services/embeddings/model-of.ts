import type { Embeddings } from '../../infra/embedder/embedder.ts'

/** As embeddings are stored: only those of one model and version can be compared. */
export const modelOf = ({ model, version }: Pick<Embeddings, 'model' | 'version'>): string =>
  `${model}/${version}`
