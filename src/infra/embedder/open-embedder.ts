import type { Config } from '../../config/config.ts'
import type { ImageProcessor } from '../image/processor.ts'
import type { Embedder } from './embedder.ts'
import { createHttpEmbedder } from './http-embedder.ts'

const PIXELS_PER_MEGAPIXEL = 1_000_000

/** The embedder that the settings name; undefined if they name none. */
export function openEmbedder(config: Config, images: Pick<ImageProcessor, 'run'>): Embedder | undefined {
  const { EMBEDDING_URL: url } = config
  if (url === undefined) return undefined
  return createHttpEmbedder(images, {
    url,
    token: config.EMBEDDING_TOKEN,
    networks: config.EMBEDDING_NETWORKS,
    maxPixels: config.MAX_MEGAPIXELS * PIXELS_PER_MEGAPIXEL,
  })
}
