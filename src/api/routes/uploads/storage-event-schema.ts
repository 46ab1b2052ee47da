import { z } from 'zod'
import { operation } from '../../operation.ts'

const BODY_LIMIT_BYTES = 1024 * 1024

export const ReceiveStorageEvents = operation({
  id: 'receiveStorageEvents',
  summary: 'Object-created events of the storage',
  description:
    'In the form of AWS S3 (`Records`) or of SeaweedFS (`key`, `message`). Events are hints: the object is looked at, ' +
    'and foreign buckets and keys are acknowledged and passed over.',
  body: z.looseObject({}),
  bodyLimitBytes: BODY_LIMIT_BYTES,
  responses: {
    200: z.object({ accepted: z.number().int().meta({ description: 'Uploads that were woken.' }) }),
  },
})
