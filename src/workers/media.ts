import { createPhotoTextActivities } from '../activities/photo-texts.ts'
import { createAvatarMediaActivities } from '../activities/avatars.ts'
import { createEmbeddingActivities } from '../activities/embeddings.ts'
import { createLibraryEmbeddingActivities } from '../activities/library-embedding.ts'
import { createReencodeActivities } from '../activities/library-reencode.ts'
import { createLibraryScreeningActivities } from '../activities/library-screening.ts'
import { createScreeningActivities } from '../activities/screening.ts'
import { createMediaActivities } from '../activities/uploads-media.ts'
import { TASK_QUEUES } from '../contracts/task-queues.ts'
import { openAvatarMaking } from '../services/avatars/module.ts'
import { openDelivery } from '../services/delivery/module.ts'
import { openTextReading } from '../services/photo-texts/module.ts'
import { openEmbeddings } from '../services/embeddings/module.ts'
import { openScreening } from '../services/screening/module.ts'
import { openMedia } from '../services/uploads/module.ts'
import { removeLeftOverFiles } from '../services/uploads/object-file.ts'
import { runWorker, type WorkerDefinition } from './run-worker.ts'

const EMBEDDED_AT_ONCE = 2

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
    const delivery = openDelivery(clients)
    const moderation = openScreening(clients, delivery)
    const embeddings = openEmbeddings(clients)
    return {
      activities: {
        ...createMediaActivities({ ...media, ...moderation, ...embeddings }),
        ...createAvatarMediaActivities(openAvatarMaking(clients, delivery, moderation)),
        ...createReencodeActivities(media),
        ...createPhotoTextActivities(openTextReading(clients, delivery)),
        ...createScreeningActivities(moderation),
        ...createEmbeddingActivities(embeddings),
        ...createLibraryEmbeddingActivities(embeddings),
        ...createLibraryScreeningActivities(moderation),
      },
      // Services that hang take no slot that uploads need.
      besides: [
        { taskQueue: TASK_QUEUES.moderation, slots: clients.config.MODERATION_CONCURRENCY },
        { taskQueue: TASK_QUEUES.embedding, slots: EMBEDDED_AT_ONCE },
      ],
    }
  },
}

if (import.meta.main) await runWorker(mediaWorker)
