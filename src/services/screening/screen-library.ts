import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  addScreenings,
  changeOf,
  NOTHING_SCREENED,
  type PresentPolicy,
  type ScreeningSliceInput,
  type ScreeningSliceResult,
  type ScreeningTally,
} from '../../contracts/library-screening.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { isInShare } from '../../domain/library-share.ts'
import type { PhotoVerdictRow } from '../../entities/index.ts'
import type { Classifier } from '../../infra/classifier/classifier.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import { countPhotos, FIRST_ID, type SliceOptions } from '../photos/library-walk.ts'
import { pictureFailureOf } from './picture-of.ts'
import type { ScreeningPolicy } from './policy.ts'
import type { Screening } from './screen-photo.ts'

/** Screens photos whose verdict is out of date, in the order of their ids. */
export interface LibraryScreener {
  survey(): Promise<{ present: PresentPolicy; photos: number }>
  /** Repeating a slice screens nothing twice, unless it is of all photos or a trial. */
  slice(
    input: ScreeningSliceInput,
    options: SliceOptions<ScreeningSliceResult>,
  ): Promise<ScreeningSliceResult>
}

interface ScreenerDeps {
  db: Database
  screening: Screening
  classifier: Classifier | undefined
  policy: ScreeningPolicy
}

/** Photos whose last verdicts are read at once. */
const PHOTOS = 200
/** A grey pixel as PNG, to hear the version of the model. */
const PROBE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==',
  'base64',
)

type Candidate = Pick<PhotoVerdictRow, 'photo_id'> & {
  [Column in 'verdict' | 'source' | 'model_version' | 'policy_version']: PhotoVerdictRow[Column] | null
} & { is_screenable: boolean }

export function createLibraryScreener(deps: ScreenerDeps): LibraryScreener {
  const { primary } = deps.db
  return {
    async survey() {
      const photos = await countPhotos(primary)
      const modelVersion = deps.classifier ? await versionOf(deps.classifier) : null
      return { present: { policyVersion: deps.policy.version, modelVersion }, photos }
    },

    async slice({ after, share, maxPhotos, ...input }, { maxMs, onReached, signal }) {
      const endsAt = performance.now() + maxMs
      let reached: ScreeningSliceResult = { after, tally: NOTHING_SCREENED, isAtEnd: false }
      const isOver = () =>
        performance.now() > endsAt || reached.tally.screened + reached.tally.failed >= maxPhotos
      for (;;) {
        const photos = await candidatesAfter(primary, reached.after ?? FIRST_ID)
        for (const photo of photos) {
          signal.throwIfAborted()
          if (isOver()) return reached
          const tally = isInShare(photo.photo_id, share)
            ? await screen(deps, photo, input, signal)
            : NOTHING_SCREENED
          reached = { after: photo.photo_id, tally: addScreenings(reached.tally, tally), isAtEnd: false }
          if (tally.screened + tally.failed > 0) onReached(reached)
        }
        if (photos.length < PHOTOS) return { ...reached, isAtEnd: true }
        onReached(reached)
      }
    },
  }
}

/** Plan: photos_pkey, and a probe of photo_verdicts_photo_idx for each. */
function candidatesAfter(query: Query, after: PhotoId): Promise<Candidate[]> {
  return query<Candidate>({
    text: `
      SELECT p.photo_id, v.verdict, v.source, v.model_version, v.policy_version,
        p.sha256 IS NOT NULL AND p.published_at IS NOT NULL AND p.status NOT IN ('failed', 'deleted') AS is_screenable
      FROM (SELECT * FROM photos WHERE photo_id > $1 ORDER BY photo_id LIMIT ${PHOTOS}) p
        LEFT JOIN LATERAL (SELECT * FROM photo_verdicts v WHERE v.photo_id = p.photo_id
          ORDER BY (source = 'person') DESC, photo_verdict_id DESC LIMIT 1) v ON true
      ORDER BY p.photo_id`,
    values: [after],
  })
}

async function screen(
  { screening }: ScreenerDeps,
  photo: Candidate,
  { present, all, isTrial }: Pick<ScreeningSliceInput, 'present' | 'all' | 'isTrial'>,
  signal: AbortSignal,
): Promise<ScreeningTally> {
  const { photo_id: photoId, verdict: former } = photo
  const seen = { ...NOTHING_SCREENED, seen: 1 }
  if (!photo.is_screenable || photo.source === 'person') return seen
  const isOfOtherModel = photo.model_version !== null && photo.model_version !== present.modelVersion
  if (!all && !isOfOtherModel && photo.policy_version === present.policyVersion) return seen
  try {
    const options = { signal, knownVersion: present.modelVersion }
    const screened = await (isTrial ? screening.judge(photoId, options) : screening.screen(photoId, options))
    if (screened.outcome === 'gone') return seen
    const change = changeOf(former ?? undefined, screened.verdict)
    return { ...seen, screened: 1, ...(change !== undefined && { changes: { [change]: 1 } }) }
  } catch (error) {
    const code = pictureFailureOf(error)
    if (code === undefined) throw error
    return { ...seen, failed: 1, failures: [{ photoId, code }] }
  }
}

async function versionOf(classifier: Classifier): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-probe-'))
  try {
    const file = join(folder, 'probe')
    await writeFile(file, PROBE)
    return (await classifier.classify(file)).version
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
