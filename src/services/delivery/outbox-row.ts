import { z } from 'zod'
import type { OutboxKind, OutboxMessage } from '../../contracts/outbox.ts'
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

const upload = photo.extend({ expiresAtMs: z.number().int().positive() })

/** Every kind has its own, so that none can be added and then parked. */
const PAYLOADS: { [Kind in OutboxKind]: z.ZodType<Extract<OutboxMessage, { kind: Kind }>['payload']> } = {
  uploadOpened: upload,
  originalArrived: upload,
  photoChanged: photo,
  accountChanged: z.object({ userId }),
  audienceNarrowed: z.object({ userId }),
  linkChanged: z.object({ linkId: z.string().refine(isUuid), ownerId: userId }),
  restoreRequested: photo,
  standingChanged: z.object({ userId }),
  exportChanged: z.object({ exportId: z.string().refine(isUuid), ownerId: userId }),
  avatarChanged: z.object({
    avatarId: z.string().refine(isUuid),
    ownerId: userId,
    expiresAtMs: z.number().int().positive(),
  }),
  erasureChanged: z.object({ userId }),
  caseChanged: photo.partial({ photoId: true }).extend({ caseId: z.string().refine(isUuid) }),
  deliveryAdmitted: z.object({ deliveryId: z.string().refine(isUuid) }),
}

/** @throws UndeliverableMessageError for kinds and payloads that this release does not know */
export function parseOutboxRow({ kind, payload }: Pick<OutboxRow, 'kind' | 'payload'>): OutboxMessage {
  if (!Object.hasOwn(PAYLOADS, kind)) throw new UndeliverableMessageError('malformed message: kind')
  const parsed = PAYLOADS[kind as OutboxKind].safeParse(payload)
  if (parsed.success) return { kind, payload: parsed.data } as OutboxMessage
  throw new UndeliverableMessageError(
    `malformed message: ${parsed.error.issues.map((issue) => ['payload', ...issue.path].join('.')).join(', ')}`,
  )
}

/** The parts of a row for logs and metrics, never its payload. */
export function aboutRow(row: OutboxRow): AboutMessage {
  return { outboxId: row.outbox_id, kind: row.kind, attempts: row.attempts }
}
