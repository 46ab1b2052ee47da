import { z } from 'zod'
import { operation } from '../../operation.ts'

const BODY_LIMIT_BYTES = 1024 * 1024

export const ReceiveStorageEvents = operation({
  id: 'receiveStorageEvents',
  summary: 'Receive object-created events from the storage',
  description:
    'In the format of AWS S3 (`Records`) or SeaweedFS (`key`, `message`). Events are hints: the object is checked, ' +
    'and events of other buckets and keys are acknowledged and ignored.',
  body: z.looseObject({}),
  bodyLimitBytes: BODY_LIMIT_BYTES,
  examples: {
    body: {
      Records: [
        {
          eventName: 'ObjectCreated:Put',
          s3: {
            bucket: { name: 'darkroom' },
            object: { key: 'incoming/0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b' },
          },
        },
      ],
    },
    answer: { accepted: 1 },
  },
  responses: {
    200: z.object({ accepted: z.number().int().meta({ description: 'Uploads that were notified.' }) }),
  },
})
