import type { ImageProcessor } from '../image/processor.ts'
import type { Classifier } from './classifier.ts'

/** open_nsfw in a child process; the pool's children have the weights beside them (MODEL_FILE). */
export function createLocalClassifier(
  images: Pick<ImageProcessor, 'run'>,
  { maxPixels }: { maxPixels: number },
): Classifier {
  return {
    classify: async (file, signal) => ({
      model: 'open-nsfw',
      ...(await images.run('classify', file, { maxPixels }, { signal })),
    }),
  }
}
