import { z } from 'zod'
import type { OutboxMessage } from '../../contracts/outbox.ts'
import type { OutboxEntryRow } from '../../entities/index.ts'
import { isUuid } from '../../domain/ids.ts'
import type { AboutMessage } from '../../observability/delivery-events.ts'

export type OutboxRow = Pick<OutboxEntryRow, 'outbox_id' | 'kind' | 'payload' | 'attempts' | 'created_at'>

/** The row can never be delivered, however often a relay tries. */
export class UndeliverableMessageError extends Error {
  override readonly name = 'UndeliverableMessageError'
}

const userId = z.string().regex(/^[1-9]\d*$/)
const photo = z.object({ photoId: z.string().refine(isUuid), ownerId: userId })

const messageSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('uploadOpened'),
    payload: photo.extend({ expiresAtMs: z.number().int().positive() }),
  }),
  z.object({
    kind: z.literal('originalArrived'),
    payload: photo.extend({ expiresAtMs: z.number().int().positive() }),
  }),
  z.object({ kind: z.literal('photoChanged'), payload: photo }),
  z.object({ kind: z.literal('accountChanged'), payload: z.object({ userId }) }),
]) satisfies z.ZodType<OutboxMessage>

/** @throws UndeliverableMessageError for kinds and payloads that this release does not know */
export function parseOutboxRow(row: Pick<OutboxRow, 'kind' | 'payload'>): OutboxMessage {
  const parsed = messageSchema.safeParse({ kind: row.kind, payload: row.payload })
  if (parsed.success) return parsed.data
  throw new UndeliverableMessageError(
    `malformed message: ${parsed.error.issues.map((i) => i.path.join('.')).join(', ')}`,
  )
}

/** The parts of a row for logs and metrics, never its payload. */
export function aboutRow(row: OutboxRow): AboutMessage {
  return { outboxId: row.outbox_id, kind: row.kind, attempts: row.attempts }
}
