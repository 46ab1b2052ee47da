import type { Config } from '../../config/config.ts'
import type { Logger } from '../../observability/logger.ts'
import { MODEL_FILE } from '../image/model-file.ts'
import { openImageProcessor } from '../image/processor.ts'
import type { Classifier } from './classifier.ts'
import { createHttpClassifier } from './http-classifier.ts'
import { createLocalClassifier } from './local-classifier.ts'

/** A classifier and the child processes that it decodes in. */
export interface OpenedClassifier {
  classifier: Classifier
  close(): Promise<void>
}

const PIXELS_PER_MEGAPIXEL = 1_000_000
const BYTES_PER_MB = 1_000_000
/** Decoding the dearest original takes 2.1 GB of address space (processor.ts), the model half a gigabyte. */
const ADDRESS_SPACE_BYTES = 3 * 1024 ** 3

/** The classifier that the settings name: one elsewhere, or the model of this machine; undefined if they name neither. */
export function openClassifier(config: Config, logger: Logger): OpenedClassifier | undefined {
  const { MODERATION_MODEL: model, MODERATION_CLASSIFIER_URL: url } = config
  if (url === undefined && model === undefined) return undefined
  const maxPixels = config.MAX_MEGAPIXELS * PIXELS_PER_MEGAPIXEL
  const images = openImageProcessor({
    children: config.MODERATION_CONCURRENCY,
    memoryBytes: config.MEDIA_MEMORY_MB * BYTES_PER_MB,
    sandbox: config.MEDIA_SANDBOX,
    limits: { addressSpaceBytes: ADDRESS_SPACE_BYTES },
    ...(url === undefined && { beside: { [MODEL_FILE]: model! } }),
    logger,
  })
  const classifier =
    url === undefined
      ? createLocalClassifier(images, { maxPixels })
      : createHttpClassifier(images, {
          url,
          token: config.MODERATION_CLASSIFIER_TOKEN,
          networks: config.MODERATION_CLASSIFIER_NETWORKS,
          maxPixels,
        })
  return { classifier, close: () => images.close() }
}
