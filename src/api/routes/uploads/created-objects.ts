import { z } from 'zod'
import type { CreatedObject } from '../../../services/uploads/storage-events.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
const S3Record = z.object({
  eventName: z.string(),
  s3: z.object({ bucket: z.object({ name: z.string() }), object: z.object({ key: z.string() }) }),
})

/** SeaweedFS's filer notification; protobuf's EventNotification as JSON, whose field names depend on the encoder. */
const FilerEntry = z.object({ name: z.string().optional(), isDirectory: z.boolean().optional() }).nullish()
const FilerEvent = z.object({
  key: z.string(),
  message: z
    .object({
      old_entry: FilerEntry,
      oldEntry: FilerEntry,
      new_entry: FilerEntry,
      newEntry: FilerEntry,
      new_parent_path: z.string().optional(),
      newParentPath: z.string().optional(),
    })
    .optional(),
})

/** More than any storage sends in one call. */
const MAX_RECORDS = 1_000
const FILER_BUCKETS = '/buckets/'

/**
 * The objects that a notification reports as created. Other and malformed events are skipped, since
 * the sender would only send them again.
 */
export function createdObjects(body: unknown): CreatedObject[] {
  const records = z.object({ Records: z.array(z.unknown()) }).safeParse(body)
  if (records.success) return records.data.Records.slice(0, MAX_RECORDS).flatMap(ofS3Record)
  return ofFilerEvent(body)
}

function ofS3Record(record: unknown): CreatedObject[] {
  const parsed = S3Record.safeParse(record)
  if (!parsed.success || !/^(s3:)?ObjectCreated:/.test(parsed.data.eventName)) return []
  const { bucket, object } = parsed.data.s3
  const key = decodeKey(object.key)
  return key === undefined ? [] : [{ bucket: bucket.name, key }]
}

/** S3 encodes keys like form fields: percent-encoded, with + for spaces. */
function decodeKey(key: string): string | undefined {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

function ofFilerEvent(body: unknown): CreatedObject[] {
  const parsed = FilerEvent.safeParse(body)
  if (!parsed.success) return []
  const { key, message } = parsed.data
  const created = message?.new_entry ?? message?.newEntry
  if (!created || created.isDirectory === true || !key.startsWith(FILER_BUCKETS)) return []
  const [bucket, ...rest] = key.slice(FILER_BUCKETS.length).split('/')
  return bucket && rest.length > 0 ? [{ bucket, key: rest.join('/') }] : []
}
