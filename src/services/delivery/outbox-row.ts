import { z } from 'zod'
import type { OutboxMessage } from '../../contracts/outbox.ts'
import { isUuid } from '../../domain/ids.ts'

export interface OutboxRow {
  outbox_id: string
  kind: string
  payload: unknown
  attempts: number
  created_at: Date
}

/** The row can never be delivered, however often it is tried. */
export class UndeliverableMessage extends Error {
  override readonly name = 'UndeliverableMessage'
}

const photo = z.object({ photoId: z.string().refine(isUuid), ownerId: z.string().regex(/^[1-9]\d*$/) })

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
]) satisfies z.ZodType<OutboxMessage>

/** @throws UndeliverableMessage for kinds and payloads that this release does not know */
export function parseOutboxRow(row: Pick<OutboxRow, 'kind' | 'payload'>): OutboxMessage {
  const parsed = messageSchema.safeParse({ kind: row.kind, payload: row.payload })
  if (parsed.success) return parsed.data
  throw new UndeliverableMessage(
    `malformed message: ${parsed.error.issues.map((i) => i.path.join('.')).join(', ')}`,
  )
}

/** What is kept of an error: its name, gRPC status and first line. */
export function shortError(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  const status = grpcCode(error)
  const text = `${error.name}${status === undefined ? '' : ` (gRPC ${status})`}: ${error.message.split('\n')[0]}`
  return text.slice(0, 500)
}

/** The gRPC status of an error or of its cause. */
export function grpcCode(error: unknown): number | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && typeof current.code === 'number') return current.code
  }
  return undefined
}
