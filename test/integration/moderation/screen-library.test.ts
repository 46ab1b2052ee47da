import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../../../src/config/config.ts'
import type { ScreeningSliceInput, ScreeningSliceResult } from '../../../src/contracts/library-screening.ts'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { InvalidImageError } from '../../../src/domain/invalid-image.ts'
import type { PhotoVerdictRow } from '../../../src/entities/index.ts'
import type { Classifier } from '../../../src/infra/classifier/classifier.ts'
import { variantKey } from '../../../src/services/photos/object-keys.ts'
import { recordVariant } from '../../../src/services/photos/photo-row.ts'
import { createBlockList } from '../../../src/services/screening/block-list.ts'
import { readPolicy } from '../../../src/services/screening/policy.ts'
import { createLibraryScreener } from '../../../src/services/screening/screen-library.ts'
import { createScreening } from '../../../src/services/screening/screen-photo.ts'
import { buildPhoto } from '../../support/factories/photos.ts'
import { openUploadWorld, type UploadWorld } from '../../support/worlds/upload-world.ts'

let world: UploadWorld
/** Three photos in the order of their ids; what is stored of each is its id. */
let photos: PhotoId[]
let scores: Map<string, number | Error>
let asked: string[]
let version: string

beforeAll(async () => {
  world = await openUploadWorld()
})
afterAll(() => world?.close())

beforeEach(async () => {
  await world.db.primary({ text: 'DELETE FROM photos', values: [] })
  const owner = await world.owner()
  photos = []
  for (let n = 0; n < 3; n++) {
    const { photoId } = await buildPhoto(world.db, owner)
    const objectKey = variantKey(photoId, 1, 'medium_800', 'jpeg')
    await world.objects.put(objectKey, Buffer.from(photoId), 'image/jpeg')
    await recordVariant(world.db.primary, photoId, {
      variant: 'medium_800',
      format: 'jpeg',
      objectKey,
      width: 8,
      height: 6,
      bytes: 36,
    })
    photos.push(photoId)
  }
  photos.sort()
  scores = new Map()
  asked = []
  version = '1'
})

/** Says what the test has it say of a photo, by default 0.1. */
const classifier: Classifier = {
  async classify(file) {
    const photoId = await readFile(file, 'utf8')
    const nsfw = scores.get(photoId) ?? 0.1
    if (nsfw instanceof Error) throw nsfw
    if (photos.includes(photoId)) asked.push(photoId)
    return { model: 'fake', version, scores: { nsfw } }
  },
}

function open(settings: Record<string, string> = {}) {
  const policy = readPolicy(loadConfig({ ...process.env, ...settings }))
  const { db, objects, outbox } = world
  const blockList = createBlockList(db)
  const screening = createScreening({
    db,
    objects,
    archive: undefined,
    outbox,
    blockList,
    classifier,
    policy,
    fanoutShardThreshold: 1_000,
  })
  return { screening, screener: createLibraryScreener({ db, screening, classifier, policy }) }
}

type Screener = ReturnType<typeof open>['screener']

async function run(
  screener: Screener,
  input: Partial<ScreeningSliceInput> = {},
): Promise<ScreeningSliceResult> {
  const { present } = await screener.survey()
  return screener.slice(
    { present, all: false, isTrial: false, share: { from: 0, below: 10_000 }, maxPhotos: 100, ...input },
    { maxMs: 60_000, onReached: () => undefined, signal: new AbortController().signal },
  )
}

const verdicts = () =>
  world.db.primary<PhotoVerdictRow>({
    text: 'SELECT * FROM photo_verdicts ORDER BY photo_id, photo_verdict_id',
    values: [],
  })

/** Of each photo in order: its status, and whether it is limited. */
async function states(): Promise<[string, boolean][]> {
  const rows = await world.db.primary<{ status: string; limited: boolean }>({
    text: 'SELECT status, limited_at IS NOT NULL AS limited FROM photos ORDER BY photo_id',
    values: [],
  })
  return rows.map(({ status, limited }) => [status, limited])
}

/** A moderator has looked at the case that its verdict has made, and left the photo limited. */
async function decideCase(photoId: PhotoId): Promise<void> {
  await world.db.primary({
    text: `
      INSERT INTO moderation_decisions
        (decision_id, case_id, subject_type, subject_id, owner_id, action, policy_id, policy_version, reason, decided_as)
      SELECT uuidv7(), case_id, subject_type, subject_id, owner_id, 'limit', policy_id, 1, 'Seen.', 'moderator'
      FROM moderation_cases WHERE subject_id = $1`,
    values: [photoId],
  })
}

describe('a screening of the library', () => {
  it('screens photos without a verdict once, and takes measures', async () => {
    scores.set(photos[1]!, 0.99)
    const { screener } = open()
    expect(await run(screener)).toEqual({
      after: photos[2],
      isAtEnd: true,
      tally: {
        seen: 3,
        screened: 3,
        changes: { 'none->allow': 2, 'none->quarantine': 1 },
        failed: 0,
        failures: [],
      },
    })
    expect((await world.photo(photos[1]!)).status).toBe('quarantined')
    expect((await run(screener)).tally).toMatchObject({ seen: 3, screened: 0 })
    expect(asked).toEqual(photos)
  })

  it('goes by recorded scores when the policy alone has changed', async () => {
    scores.set(photos[0]!, 0.5)
    await run(open().screener)
    const { tally } = await run(open({ MODERATION_LIMIT_SCORE: '0.4' }).screener)
    expect(tally).toMatchObject({ screened: 3, changes: { 'allow->limit': 1 } })
    expect(asked).toEqual(photos)
    expect((await verdicts()).at(1)).toMatchObject({
      verdict: 'limit',
      scores: { nsfw: 0.5 },
      model_version: '1',
    })
  })

  it('asks the classifier again when the model has changed', async () => {
    const { screener } = open()
    await run(screener)
    version = '2'
    expect((await run(screener)).tally).toMatchObject({ screened: 3, changes: {} })
    expect(asked).toEqual([...photos, ...photos])
  })

  it('takes back what a former model did, and nothing of a person', async () => {
    for (const photoId of photos) scores.set(photoId, 0.99)
    const { screening, screener } = open()
    await run(screener)
    await screening.decide(photos[2]!, 'limit')
    expect(await states()).toEqual([
      ['quarantined', false],
      ['quarantined', false],
      ['ready', true],
    ])
    version = '2'
    scores.set(photos[1]!, 0.9)
    scores.set(photos[0]!, 0.1)
    scores.set(photos[2]!, 0.1)
    expect((await run(screener)).tally.changes).toEqual({ 'quarantine->allow': 1, 'quarantine->limit': 1 })
    // Twice, so that the person's verdict is no longer the last one.
    await screening.screen(photos[2]!)
    await screening.screen(photos[2]!)
    expect(await states()).toEqual([
      ['ready', false],
      ['ready', true],
      ['ready', true],
    ])
  })

  it('takes back nothing that moderators have decided on a case', async () => {
    scores.set(photos[0]!, 0.9)
    const { screening } = open()
    await screening.screen(photos[0]!)
    await decideCase(photos[0]!)
    scores.set(photos[0]!, 0.1)
    expect(await screening.screen(photos[0]!)).toEqual({ outcome: 'verdict', verdict: 'limit' })
    scores.set(photos[0]!, 0.99)
    await screening.screen(photos[0]!)
    expect((await states())[0]).toEqual(['ready', true])
  })

  it('takes back no measure that has no verdict behind it', async () => {
    await world.db.primary({
      text: 'UPDATE photos SET limited_at = now() WHERE photo_id = $1',
      values: [photos[0]],
    })
    await run(open().screener)
    expect((await states())[0]).toEqual(['ready', true])
  })

  it('only tells what would change in a trial', async () => {
    scores.set(photos[0]!, 0.99)
    const { tally } = await run(open().screener, { isTrial: true })
    expect(tally).toMatchObject({ screened: 3, changes: { 'none->quarantine': 1 } })
    expect(await verdicts()).toEqual([])
    expect((await world.photo(photos[0]!)).status).toBe('ready')
  })

  it('leaves what a person has decided, even of all photos', async () => {
    scores.set(photos[0]!, 0.99)
    const { screening, screener } = open()
    await screening.decide(photos[0]!, 'allow')
    expect((await run(screener, { all: true })).tally).toMatchObject({ seen: 3, screened: 2 })
    expect(await screening.screen(photos[0]!)).toEqual({ outcome: 'verdict', verdict: 'allow' })
    expect((await world.photo(photos[0]!)).status).toBe('ready')
  })

  it('names photos that cannot be screened, and goes on', async () => {
    scores.set(photos[0]!, new InvalidImageError('truncated', 'The file ends too early.'))
    await world.objects.delete([variantKey(photos[1]!, 1, 'medium_800', 'jpeg')])
    expect((await run(open().screener)).tally).toMatchObject({
      screened: 1,
      failed: 2,
      failures: [
        { photoId: photos[0], code: 'truncated' },
        { photoId: photos[1], code: 'picture_missing' },
      ],
    })
  })

  it('fails while the classifier is away, and continues where it was', async () => {
    scores.set(photos[1]!, new Error('away'))
    const reached: ScreeningSliceResult[] = []
    const { screener } = open()
    const { present } = await screener.survey()
    const input = { present, all: false, isTrial: false, share: { from: 0, below: 10_000 }, maxPhotos: 100 }
    const signal = new AbortController().signal
    const slicing = screener.slice(input, {
      maxMs: 60_000,
      onReached: (slice) => reached.push(slice),
      signal,
    })
    await expect(slicing).rejects.toThrow('away')
    expect(reached.at(-1)?.after).toBe(photos[0])
    scores.clear()
    expect((await run(screener, { after: photos[0] })).tally).toMatchObject({ screened: 2 })
  })
})
