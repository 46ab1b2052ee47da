import type { PhotoId } from '../../domain/ids.ts'
import type { Verdict, VerdictSource } from '../../domain/screening.ts'
import type { PhotoStatus } from '../../domain/visibility.ts'
import { PhotoVerdict, type PhotoVerdictRow } from '../../entities/index.ts'
import type { Query, Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { limitPhoto, takeDownPhoto } from '../moderation/measures.ts'

/** A verdict and what it rests on. */
export interface NewVerdict {
  verdict: Verdict
  source: VerdictSource
  reason?: string | undefined
  classification?: { model: string; version: string; scores: Record<string, number> } | undefined
  policyVersion: string
}

export interface RecordedVerdict {
  /** The one that holds: a person's is not overruled by a later automatic one. */
  verdict: Verdict
  outboxIds: string[]
}

/**
 * Records a verdict, and does what it asks for if the photo is published; of one that is not, publication does
 * ({@link enforceLastVerdict}). A person's verdict stands.
 * @returns undefined if the photo is gone
 */
export async function recordVerdict(
  tx: Transaction,
  photoId: PhotoId,
  verdict: NewVerdict,
): Promise<RecordedVerdict | undefined> {
  const [photo] = await tx.query<{ status: PhotoStatus; is_published: boolean }>({
    text: `SELECT status, published_at IS NOT NULL AS is_published FROM photos WHERE photo_id = $1 FOR NO KEY UPDATE`,
    values: [photoId],
  })
  if (!photo || photo.status === 'deleted' || photo.status === 'failed') return undefined
  const last = await lastVerdict(tx.query, photoId)
  await insertVerdict(tx.query, photoId, verdict)
  if (last?.source === 'person' && verdict.source !== 'person')
    return { verdict: last.verdict, outboxIds: [] }
  const outboxIds = photo.is_published ? await enforce(tx, photoId, verdict.verdict) : []
  return { verdict: verdict.verdict, outboxIds }
}

/**
 * Does what the last verdict asks for, of a photo that this transaction publishes, so that nobody sees it before.
 * @returns the outbox messages to dispatch after the commit
 */
export async function enforceLastVerdict(tx: Transaction, photoId: PhotoId): Promise<string[]> {
  const last = await lastVerdict(tx.query, photoId)
  return last ? enforce(tx, photoId, last.verdict) : []
}

async function enforce(tx: Transaction, photoId: PhotoId, verdict: Verdict): Promise<string[]> {
  if (verdict === 'allow') return []
  return verdict === 'limit' ? limitPhoto(tx, photoId) : takeDownPhoto(tx, photoId)
}

/** Plan: photo_verdicts_photo_idx. */
async function lastVerdict(
  query: Query,
  photoId: PhotoId,
): Promise<Pick<PhotoVerdictRow, 'verdict' | 'source'> | undefined> {
  const [row] = await query<Pick<PhotoVerdictRow, 'verdict' | 'source'>>({
    text: `SELECT verdict, source FROM photo_verdicts WHERE photo_id = $1 ORDER BY photo_verdict_id DESC LIMIT 1`,
    values: [photoId],
  })
  return row
}

/** What a version of the model said of the photo before. Plan: photo_verdicts_photo_idx. */
export async function recordedScores(
  query: Query,
  photoId: PhotoId,
  version: string,
): Promise<NewVerdict['classification']> {
  const [row] = await query<{ model: string; scores: Record<string, number> }>({
    text: `SELECT model, scores FROM photo_verdicts
      WHERE photo_id = $1 AND model_version = $2 AND scores IS NOT NULL ORDER BY photo_verdict_id DESC LIMIT 1`,
    values: [photoId, version],
  })
  return row && { ...row, version }
}

async function insertVerdict(
  query: Query,
  photoId: PhotoId,
  { classification, reason, ...verdict }: NewVerdict,
): Promise<void> {
  await run(
    query,
    insertRow(PhotoVerdict, {
      photoId,
      reason: reason ?? null,
      model: classification?.model ?? null,
      modelVersion: classification?.version ?? null,
      scores: classification?.scores ?? null,
      ...verdict,
    }),
  )
}
