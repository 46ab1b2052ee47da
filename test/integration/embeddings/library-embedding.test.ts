import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  LIBRARY_EMBEDDING,
  LIBRARY_EMBEDDING_ID,
  type LibraryEmbeddingInput,
  type LibraryEmbeddingProgress,
} from '../../../src/contracts/library-embedding.ts'
import { photoUploadWorkflowId } from '../../../src/contracts/photo-upload.ts'
import { TASK_QUEUES } from '../../../src/contracts/task-queues.ts'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { incomingKey } from '../../../src/services/photos/object-keys.ts'
import {
  answering,
  startClassifierServer,
  type ClassifierServer,
} from '../../support/servers/classifier-server.ts'
import {
  allWorkers,
  openUploadWorld,
  somePhoto,
  type UploadWorld,
} from '../../support/worlds/upload-world.ts'

let server: ClassifierServer
let world: UploadWorld
beforeAll(async () => {
  server = await startClassifierServer()
  server.answer = answering({ model: 'remote', version: '7', vectors: [[0.5, -1]] })
  world = await openUploadWorld({ EMBEDDING_URL: server.url, EMBEDDING_NETWORKS: '127.0.0.0/8,::1/128' })
  for (const definition of allWorkers) await world.start(definition)
})
afterAll(async () => {
  await world?.close()
  await server?.close()
})

async function upload(): Promise<PhotoId> {
  const bytes = await somePhoto()
  const opened = await world.openUpload(await world.owner(), { bytes: bytes.length })
  await world.outbox.dispatch([opened.outboxId])
  await world.objects.put(incomingKey(opened.photoId), bytes, 'image/jpeg')
  await world.announce(opened)
  await world.temporal.workflow.getHandle(photoUploadWorkflowId(opened.photoId)).result()
  return opened.photoId
}

const modelOf = async (photoId: PhotoId) => {
  const [row] = await world.db.primary<{ model: string }>({
    text: 'SELECT model FROM photo_embeddings WHERE photo_id = $1',
    values: [photoId],
  })
  return row?.model
}

const embedLibrary = () =>
  world.temporal.workflow.execute<(input: LibraryEmbeddingInput) => Promise<LibraryEmbeddingProgress>>(
    LIBRARY_EMBEDDING,
    {
      workflowId: LIBRARY_EMBEDDING_ID,
      taskQueue: TASK_QUEUES.orchestration,
      args: [{ photosPerMinute: 6_000 }],
    },
  )

describe('an embedder that is there', () => {
  it('embeds an upload, and the library when its model changes', async () => {
    const [one, other] = [await upload(), await upload()]
    expect([await modelOf(one), await modelOf(other)]).toEqual(['remote/7', 'remote/7'])
    await world.db.primary({ text: 'DELETE FROM photo_embeddings WHERE photo_id = $1', values: [one] })
    server.answer = answering({ model: 'remote', version: '8', vectors: [[1, 0]] })
    expect(await embedLibrary()).toMatchObject({ state: 'done', model: 'remote/8', tally: { failed: 0 } })
    expect([await modelOf(one), await modelOf(other)]).toEqual(['remote/8', 'remote/8'])
    expect(await embedLibrary()).toMatchObject({ tally: { embedded: 0 } })
  })
})
