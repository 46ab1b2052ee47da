import type { PhotoId } from '../../domain/ids.ts'
import { graver, verdictOnScores, type Verdict } from '../../domain/screening.ts'
import type { PhotoRow, UserRow } from '../../entities/index.ts'
import type { Classifier } from '../../infra/classifier/classifier.ts'
import type { Query } from '../../infra/db/database.ts'
import { classified, verdictGiven } from '../../observability/screening-events.ts'
import type { Outbox } from '../delivery/outbox.ts'
import type { BlockList } from './block-list.ts'
import { withPictureOf, type PictureSources } from './picture-of.ts'
import type { ScreeningPolicy } from './policy.ts'
import { recordedScores, recordVerdict, type NewVerdict } from './record-verdict.ts'

export interface ScreeningDeps extends PictureSources {
  outbox: Outbox
  blockList: BlockList
  /** Without one, the block list and the text rules decide alone. */
  classifier: Classifier | undefined
  policy: ScreeningPolicy
  /** See restorePhoto. */
  fanoutShardThreshold: number
}

type Screened = { outcome: 'verdict'; verdict: Verdict } | { outcome: 'gone' }

type Screenable = Pick<PhotoRow, 'status' | 'sha256' | 'perceptual_hash' | 'caption' | 'alt_text'> &
  Pick<UserRow, 'display_name'>

interface ScreenOptions {
  signal?: AbortSignal | undefined
  /** Scores of this version of the model are taken from the record, if they are there. */
  knownVersion?: string | null
}

/** Looks at a photo for automatic moderation. */
export interface Screening {
  /**
   * Gets a verdict, records it and does what it asks for; takes back what former automatic verdicts did, if it is milder.
   * @throws whatever the classifier failed with: then nothing is recorded
   */
  screen(photoId: PhotoId, options?: ScreenOptions): Promise<Screened>
  /** The same without recording it: what would be said. */
  judge(photoId: PhotoId, options?: ScreenOptions): Promise<Screened>
  /** Records what a person has decided, which no later verdict overrules. */
  decide(photoId: PhotoId, verdict: Verdict): Promise<Screened>
}

export function createScreening(deps: ScreeningDeps): Screening {
  const { db, outbox, policy, fanoutShardThreshold } = deps

  async function record(photoId: PhotoId, verdict: NewVerdict): Promise<Screened> {
    const recorded = await db.transaction((tx) => recordVerdict(tx, photoId, verdict, fanoutShardThreshold))
    if (!recorded) return { outcome: 'gone' }
    verdictGiven(verdict)
    await outbox.dispatch(recorded.outboxIds)
    return { outcome: 'verdict', verdict: recorded.verdict }
  }

  return {
    async screen(photoId, options = {}) {
      const photo = await load(db.primary, photoId)
      if (!photo) return { outcome: 'gone' }
      return record(photoId, await judge(deps, photoId, photo, options))
    },
    async judge(photoId, options = {}) {
      const photo = await load(db.primary, photoId)
      if (!photo) return { outcome: 'gone' }
      const { verdict } = await judge(deps, photoId, photo, options)
      return { outcome: 'verdict', verdict }
    },
    decide: (photoId, verdict) =>
      record(photoId, { verdict, source: 'person', policyVersion: policy.version }),
  }
}

/** Validated photos only, whose hashes are known. Plan: photos_pkey and users_pkey. */
async function load(query: Query, photoId: PhotoId): Promise<Screenable | undefined> {
  const [row] = await query<Screenable>({
    text: `SELECT p.status, p.sha256, p.perceptual_hash, p.caption, p.alt_text, u.display_name
      FROM photos p JOIN users u ON u.user_id = p.owner_id
      WHERE p.photo_id = $1 AND p.sha256 IS NOT NULL AND p.status NOT IN ('awaiting_upload', 'failed', 'deleted')`,
    values: [photoId],
  })
  return row
}

/** What is known decides before what is guessed: a classifier is not asked about what is quarantined anyway. */
async function judge(
  deps: ScreeningDeps,
  photoId: PhotoId,
  photo: Screenable,
  { signal, knownVersion }: ScreenOptions,
): Promise<NewVerdict> {
  const { blockList, policy } = deps
  const known = await blockList.match(
    { sha256: photo.sha256, perceptualHash: photo.perceptual_hash },
    policy.hashDistance,
  )
  const said = [photo.caption, photo.alt_text]
    .map((text) => policy.textRules.match('caption', text))
    .find((match) => match !== undefined)
  const common = { policyVersion: policy.version }
  let worst: NewVerdict = { ...common, verdict: 'allow', source: 'scores' }
  const take = (other: NewVerdict) => {
    if (graver(worst.verdict, other.verdict) !== worst.verdict) worst = other
  }
  if (known) take({ ...common, verdict: known.verdict, source: 'block_list', reason: known.reason })
  if (said) take({ ...common, verdict: said.verdict, source: 'text', reason: said.reason })
  if (worst.verdict === 'quarantine' || !deps.classifier) return worst

  const classification =
    (knownVersion && (await recordedScores(deps.db.primary, photoId, knownVersion))) ||
    (await classify(deps, deps.classifier, photoId, signal))
  take({ ...common, verdict: verdictOnScores(classification.scores, policy.thresholds), source: 'scores' })
  return { ...worst, classification }
}

function classify(deps: ScreeningDeps, classifier: Classifier, photoId: PhotoId, signal?: AbortSignal) {
  return classified(() => withPictureOf(deps, photoId, signal, (file) => classifier.classify(file, signal)))
}
