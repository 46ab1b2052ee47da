import { createReencodeActivities } from '../activities/library-reencode.ts'
import { createMediaActivities } from '../activities/uploads-media.ts'
import { openMedia } from '../services/uploads/module.ts'
import { removeLeftOverFiles } from '../services/uploads/object-file.ts'
import { runWorker, type WorkerDefinition } from './run-worker.ts'

/** CPU: decoding, resizing, encoding. */
export const mediaWorker: WorkerDefinition = {
  taskQueue: 'media',
  role: 'media',
  runsWorkflows: false,
  options: (config) => ({ maxConcurrentActivityTaskExecutions: config.MEDIA_CONCURRENCY }),
  async compose(clients) {
    const removed = await removeLeftOverFiles()
    if (removed > 0) clients.logger.info({ removed }, 'temporary files of killed workers removed')
    // Refuses to start without the sandbox that is required.
    await clients.images.warm()
    const media = openMedia(clients)
    return { activities: { ...createMediaActivities(media), ...createReencodeActivities(media) } }
  },
}

if (import.meta.main) await runWorker(mediaWorker)
