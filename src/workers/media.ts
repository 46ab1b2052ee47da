import { createMediaActivities } from '../activities/uploads-media.ts'
import { removeLeftOverFiles } from '../services/uploads/object-file.ts'
import { createOriginals } from '../services/uploads/validate-original.ts'
import { createVariants } from '../services/uploads/render-variants.ts'
import { databaseOf, objectStoreOf } from './connections.ts'
import { runWorker, type WorkerDefinition } from './run-worker.ts'

const PIXELS_PER_MEGAPIXEL = 1_000_000

/** CPU: decoding, resizing, encoding. */
export const mediaWorker: WorkerDefinition = {
  taskQueue: 'media',
  runsWorkflows: false,
  options: (config) => ({ maxConcurrentActivityTaskExecutions: config.MEDIA_CONCURRENCY }),
  async compose(config, logger) {
    const removed = await removeLeftOverFiles()
    if (removed > 0) logger.info({ removed }, 'temporary files of killed workers removed')
    const db = await databaseOf(config, 'darkroom-media')
    const objects = objectStoreOf(config)
    const maxPixels = config.MAX_MEGAPIXELS * PIXELS_PER_MEGAPIXEL
    return {
      activities: createMediaActivities({
        originals: createOriginals({ db, objects, maxBytes: config.MAX_UPLOAD_BYTES, maxPixels }),
        variants: createVariants({ db, objects, maxPixels }),
      }),
      async close() {
        objects.close()
        await db.close()
      },
    }
  },
}

if (import.meta.main) await runWorker(mediaWorker)
