import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Verdict, VerdictSource } from '../../domain/screening.ts'
import type { PhotoStatus } from '../../domain/visibility.ts'
import { PhotoVerdict, type PhotoVerdictRow } from '../../entities/index.ts'
import type { Query, Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { liftAutomaticDecisions, recordAutomaticDecision } from '../moderation/automatic-decision.ts'
import { limitPhoto, restorePhoto, takeDownPhoto } from '../moderation/measures.ts'

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

interface MeasuredPhoto {
  owner_id: UserId
  status: PhotoStatus
  is_published: boolean
  is_taken_down: boolean
}

/**
 * Records a verdict, and does what it asks for if the photo is published; of one that is not, publication does
 * ({@link enforceLastVerdict}). A milder verdict takes back what automatic ones have done. What a person has said stands: a verdict, or a
 * decision on a case of the photo.
 * @param fanoutShardThreshold see restorePhoto
 * @returns undefined if the photo is gone
 */
export async function recordVerdict(
  tx: Transaction,
  photoId: PhotoId,
  verdict: NewVerdict,
  fanoutShardThreshold: number,
): Promise<RecordedVerdict | undefined> {
  const [photo] = await tx.query<MeasuredPhoto>({
    text: `SELECT owner_id, status, published_at IS NOT NULL AS is_published,
        EXISTS (SELECT FROM photo_takedowns t WHERE t.photo_id = p.photo_id) AS is_taken_down
      FROM photos p WHERE photo_id = $1 FOR NO KEY UPDATE`,
    values: [photoId],
  })
  if (!photo || photo.status === 'deleted' || photo.status === 'failed') return undefined
  const isOfPerson = verdict.source === 'person'
  const word = isOfPerson ? undefined : await wordOfPerson(tx.query, photoId, photo.owner_id)
  const mayLift = isOfPerson || (await hasAutomaticMeasure(tx.query, photoId))
  await insertVerdict(tx.query, photoId, verdict)
  if (word !== undefined) return { verdict: word, outboxIds: [] }
  if (!photo.is_published) return { verdict: verdict.verdict, outboxIds: [] }
  const { verdict: said } = verdict
  const isMilder = said === 'allow' || (said === 'limit' && photo.is_taken_down)
  const lifted =
    mayLift && isMilder
      ? await lift(tx, { photoId, ownerId: photo.owner_id }, said, fanoutShardThreshold)
      : []
  return { verdict: said, outboxIds: [...lifted, ...(await enforce(tx, photoId, verdict))] }
}

async function lift(
  tx: Transaction,
  photo: { photoId: PhotoId; ownerId: UserId },
  verdict: Exclude<Verdict, 'quarantine'>,
  fanoutShardThreshold: number,
): Promise<string[]> {
  const restored = await restorePhoto(tx, photo.photoId, fanoutShardThreshold)
  return [...restored, ...(await liftAutomaticDecisions(tx, photo, verdict))]
}

/**
 * Does what the last verdict asks for, of a photo that this transaction publishes, so that nobody sees it before.
 * @returns the outbox messages to dispatch after the commit
 */
export async function enforceLastVerdict(tx: Transaction, photoId: PhotoId): Promise<string[]> {
  // Plan: photo_verdicts_photo_idx.
  const [last] = await tx.query<Pick<PhotoVerdictRow, 'verdict' | 'source' | 'reason'>>({
    text: `SELECT verdict, source, reason FROM photo_verdicts WHERE photo_id = $1
      ORDER BY (source = 'person') DESC, photo_verdict_id DESC LIMIT 1`,
    values: [photoId],
  })
  return last ? enforce(tx, photoId, last) : []
}

interface Enforced {
  verdict: Verdict
  source: VerdictSource
  reason?: string | null | undefined
}

/** A person's verdict has its decision already. */
async function enforce(
  tx: Transaction,
  photoId: PhotoId,
  { verdict, source, reason = null }: Enforced,
): Promise<string[]> {
  if (verdict === 'allow') return []
  const measured = await (verdict === 'limit' ? limitPhoto(tx, photoId) : takeDownPhoto(tx, photoId))
  if (source === 'person') return measured
  return [...measured, ...(await recordAutomaticDecision(tx, photoId, { verdict, source, reason }))]
}

/**
 * The last verdict of a person, or what a decision on a case amounts to; one that was reversed allows the photo.
 * Plan: photo_verdicts_photo_idx, and the decisions on the owner by moderation_decisions_owner_idx.
 */
async function wordOfPerson(query: Query, photoId: PhotoId, ownerId: UserId): Promise<Verdict | undefined> {
  const [row] = await query<{ verdict: Verdict }>({
    text: `
      SELECT verdict, created_at FROM photo_verdicts WHERE photo_id = $1 AND source = 'person'
      UNION ALL
      SELECT CASE WHEN reversed_at IS NOT NULL THEN 'allow' WHEN action = 'limit' THEN 'limit'
          WHEN action = 'takedown' THEN 'quarantine' ELSE 'allow' END, created_at
        FROM moderation_decisions
        WHERE owner_id = $2 AND subject_type = 'photo' AND subject_id = $1::text AND decided_as <> 'classifier'
      ORDER BY created_at DESC LIMIT 1`,
    values: [photoId, ownerId],
  })
  return row?.verdict
}

/** Whether an automatic verdict has asked for a measure. Plan: photo_verdicts_photo_idx. */
async function hasAutomaticMeasure(query: Query, photoId: PhotoId): Promise<boolean> {
  const rows = await query({
    text: `SELECT FROM photo_verdicts WHERE photo_id = $1 AND source <> 'person' AND verdict <> 'allow' LIMIT 1`,
    values: [photoId],
  })
  return rows.length > 0
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
