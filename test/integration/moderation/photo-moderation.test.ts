import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DECIDE_MODERATION, photoModerationWorkflowId } from '../../../src/contracts/photo-moderation.ts'
import {
  moderationCaseWorkflowId,
  SETTLE_CASE,
  type CaseProgress,
} from '../../../src/contracts/moderation-case.ts'
import { photoUploadWorkflowId } from '../../../src/contracts/photo-upload.ts'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import type { ModerationCaseRow, PhotoVerdictRow } from '../../../src/entities/index.ts'
import { createDecideCase } from '../../../src/services/moderation/decide-case.ts'
import { incomingKey } from '../../../src/services/photos/object-keys.ts'
import { trustOfAuthor } from '../../../src/services/screening/author-trust.ts'
import { createBlockList, toHex } from '../../../src/services/screening/block-list.ts'
import { recordVerdict } from '../../../src/services/screening/record-verdict.ts'
import {
  answering,
  startClassifierServer,
  type ClassifierServer,
} from '../../support/servers/classifier-server.ts'
import {
  allWorkers,
  eventually,
  openUploadWorld,
  somePhoto,
  type OpenUpload,
  type UploadWorld,
} from '../../support/worlds/upload-world.ts'

let folder: string
let server: ClassifierServer
let world: UploadWorld
/** Without photos, and so new. */
let newcomer: UserId
/** Whose photos are published at once. */
let known: UserId

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
  const rules = join(folder, 'rules.json')
  await writeFile(rules, JSON.stringify([{ reason: 'spam', verdict: 'limit', words: 'buy followers' }]))
  server = await startClassifierServer()
  world = await openUploadWorld({
    MODERATION_CLASSIFIER_URL: server.url,
    MODERATION_CLASSIFIER_NETWORKS: '127.0.0.0/8,::1/128',
    MODERATION_TEXT_RULES: rules,
    MODERATION_PRE: 'new',
    MODERATION_ESCALATE_MINUTES: '0.05',
  })
  for (const definition of allWorkers) await world.start(definition)
  newcomer = await world.owner()
  known = await knownAuthor()
})
afterAll(async () => {
  await world?.close()
  await server?.close()
  await rm(folder, { recursive: true })
})

/** A month old, with five photos. */
async function knownAuthor(): Promise<UserId> {
  const author = await world.owner()
  await world.db.primary({
    text: `UPDATE users SET created_at = now() - interval '30 days' WHERE user_id = $1`,
    values: [author],
  })
  await world.db.primary({
    text: `INSERT INTO photos (photo_id, owner_id, status, visibility, storage_key, content_type, bytes, upload_expires_at,
        published_at, score, width, height, thumbhash)
      SELECT gen_random_uuid(), $1, 'ready', 'private', 'none', 'image/jpeg', 1, now(), now(), n, 4, 3, 'x'
      FROM generate_series(1, 5) n`,
    values: [author],
  })
  return author
}

async function upload(owner: UserId, caption?: string, body?: Buffer): Promise<OpenUpload> {
  const bytes = body ?? (await somePhoto())
  const opened = await world.openUpload(owner, {
    bytes: bytes.length,
    ...(caption !== undefined && { caption }),
  })
  await world.outbox.dispatch([opened.outboxId])
  await world.objects.put(incomingKey(opened.photoId), bytes, 'image/jpeg')
  await world.announce(opened)
  return opened
}

const ended = ({ photoId }: OpenUpload) =>
  world.temporal.workflow.getHandle(photoUploadWorkflowId(photoId)).result()

const verdictsOn = (photoId: PhotoId) =>
  world.db.primary<PhotoVerdictRow>({
    text: 'SELECT * FROM photo_verdicts WHERE photo_id = $1 ORDER BY photo_verdict_id',
    values: [photoId],
  })

async function stateOf(photoId: PhotoId) {
  const [row] = await world.db.primary<{ status: string; limited: boolean }>({
    text: 'SELECT status, limited_at IS NOT NULL AS limited FROM photos WHERE photo_id = $1',
    values: [photoId],
  })
  return row!
}

const casesOf = (photoId: PhotoId) =>
  world.db.primary<ModerationCaseRow>({
    text: 'SELECT * FROM moderation_cases WHERE subject_id = $1 ORDER BY opened_at',
    values: [photoId],
  })
const decisionsOn = (photoId: PhotoId) =>
  world.db.primary<{ action: string; decided_as: string; policy_id: string; told: boolean }>({
    text: `SELECT action, decided_as, policy_id, told_at IS NOT NULL AS told FROM moderation_decisions
      WHERE subject_id = $1 ORDER BY created_at`,
    values: [photoId],
  })

const scoring = (nsfw: number) => answering({ model: 'remote', version: '7', scores: { nsfw } })

describe('a published photo', () => {
  it.each([
    [0.1, 'allow', { status: 'ready', limited: false }],
    [0.85, 'limit', { status: 'ready', limited: true }],
    [0.99, 'quarantine', { status: 'quarantined', limited: false }],
  ])('with the score %d gets the verdict %s, on record', async (nsfw, verdict, state) => {
    server.answer = scoring(nsfw)
    const photo = await upload(known)
    expect(await ended(photo)).toEqual({ stage: 'ready' })
    expect(await stateOf(photo.photoId)).toEqual(state)
    expect(await verdictsOn(photo.photoId)).toEqual([
      expect.objectContaining({
        verdict,
        source: 'scores',
        model: 'remote',
        model_version: '7',
        scores: { nsfw },
        policy_version: expect.stringMatching(/^[0-9a-f]{12}$/),
      }),
    ])
  })

  it.each([
    [0.85, 'limit'],
    [0.99, 'takedown'],
  ])('with the score %d is a decided case, with a decision to %s', async (nsfw, action) => {
    server.answer = scoring(nsfw)
    const photo = await upload(known)
    await ended(photo)
    const [decided, ...others] = await casesOf(photo.photoId)
    expect([decided, others]).toMatchObject([{ source: 'screening', state: 'decided' }, []])
    const daysToAppeal = (decided!.due_at.getTime() - Date.now()) / 86_400_000
    expect(Math.round(daysToAppeal)).toBe(183)
    await eventually(async () => (await decisionsOn(photo.photoId))[0]?.told === true)
    expect(await decisionsOn(photo.photoId)).toEqual([
      { action, decided_as: 'classifier', policy_id: 'nudity', told: true },
    ])
    await world.db.transaction((tx) =>
      recordVerdict(
        tx,
        photo.photoId,
        { verdict: action === 'limit' ? 'limit' : 'quarantine', source: 'scores', policyVersion: 'again' },
        1_000,
      ),
    )
    expect(await decisionsOn(photo.photoId)).toHaveLength(1)
  })

  it('is recognised by its bytes and by its looks, without a classifier', async () => {
    const blockList = createBlockList(world.db)
    server.answer = scoring(0.1)
    // One with features to recognise it by.
    const body = await readFile(join(process.env.DARKROOM_SAMPLE_PHOTOS!, 'rocket.jpg'))
    const first = await upload(known, undefined, body)
    await ended(first)
    const [hashes] = await world.db.primary<{ sha256: Buffer; perceptual_hash: string }>({
      text: 'SELECT sha256, perceptual_hash FROM photos WHERE photo_id = $1',
      values: [first.photoId],
    })
    const entry = { verdict: 'quarantine', reason: 'known' } as const
    const looks = toHex(BigInt(hashes!.perceptual_hash) ^ 0b11n)
    for (const hash of [hashes!.sha256.toString('hex'), looks]) {
      await blockList.add([{ hash, ...entry }])
      const asked = server.received.length
      const photo = await upload(known, undefined, body)
      await ended(photo)
      expect(await stateOf(photo.photoId)).toMatchObject({ status: 'quarantined' })
      expect(await verdictsOn(photo.photoId)).toMatchObject([
        { verdict: 'quarantine', source: 'block_list', reason: 'known', model: null },
      ])
      expect(server.received).toHaveLength(asked)
      expect(await blockList.remove([hash])).toBe(1)
    }
  })

  it('is limited for its caption', async () => {
    server.answer = scoring(0.1)
    const photo = await upload(known, 'Buy FOLLOWERS here')
    await ended(photo)
    expect(await stateOf(photo.photoId)).toEqual({ status: 'ready', limited: true })
    expect(await verdictsOn(photo.photoId)).toMatchObject([
      { verdict: 'limit', source: 'text', reason: 'spam', scores: { nsfw: 0.1 } },
    ])
  })
})

describe('a photo of a newcomer', () => {
  it('is published with its verdict, and quarantined at once by a grave one', async () => {
    const asking = Promise.withResolvers<void>()
    let answer!: () => void
    server.answer = (response) => {
      answer = () => scoring(0.99)(response)
      asking.resolve()
    }
    const photo = await upload(newcomer)
    await asking.promise
    expect(await stateOf(photo.photoId)).toMatchObject({ status: 'processing' })
    answer()
    expect(await ended(photo)).toEqual({ stage: 'ready' })
    expect(await stateOf(photo.photoId)).toEqual({ status: 'quarantined', limited: false })
    // Moderators look at it, and may restore it.
    const stored = await world.variants(photo.photoId)
    expect(stored.filter(({ variant }) => variant === 'medium_800')).toHaveLength(3)
  })

  it('is one of an author who was trusted before a photo was limited', async () => {
    const author = await knownAuthor()
    const trust = async () => {
      const { photoId } = await world.openUpload(author)
      return trustOfAuthor(world.db.primary, photoId)
    }
    expect(await trust()).toBe('known')
    await world.db.primary({
      text: `UPDATE photos SET limited_at = now() WHERE photo_id = (SELECT min(photo_id::text)::uuid FROM photos WHERE owner_id = $1)`,
      values: [author],
    })
    expect(await trust()).toBe('new')
  })

  it('waits while the classifier is away, until a person decides for good', async () => {
    server.answer = answering({}, 503)
    const photo = await upload(newcomer)
    const moderation = world.temporal.workflow.getHandle(photoModerationWorkflowId(photo.photoId))
    await eventually(async () => {
      const state = await moderation.query('moderationState').catch(() => undefined)
      return state === 'escalated'
    })
    expect(await stateOf(photo.photoId)).toMatchObject({ status: 'processing' })
    await moderation.signal(DECIDE_MODERATION, 'limit')
    expect(await ended(photo)).toEqual({ stage: 'ready' })
    expect(await stateOf(photo.photoId)).toEqual({ status: 'ready', limited: true })
    expect(await verdictsOn(photo.photoId)).toMatchObject([{ verdict: 'limit', source: 'person' }])
  })

  it('is published as its case is decided, and its owner is told', async () => {
    server.answer = answering({}, 503)
    const photo = await upload(newcomer)
    await eventually(async () => (await casesOf(photo.photoId)).length === 1)
    const [opened] = await casesOf(photo.photoId)
    expect(opened).toMatchObject({ source: 'screening', state: 'open', priority: 2 })
    const moderator = { userId: await world.owner(), role: 'moderator' } as const
    const decide = createDecideCase({ ...world, fanoutShardThreshold: 1_000 })
    const decision = { action: 'takedown', policy: 'nudity', reason: 'It shows too much.' } as const
    const { case_id: caseId } = opened!
    await decide(moderator, caseId, decision)
    expect(await ended(photo)).toEqual({ stage: 'ready' })
    expect(await stateOf(photo.photoId)).toEqual({ status: 'quarantined', limited: false })
    const settled = world.temporal.workflow
      .getHandle(moderationCaseWorkflowId(caseId))
      .executeUpdate<CaseProgress, []>(SETTLE_CASE)
    expect(await settled).toMatchObject({ state: 'decided', unproven: 0 })
    expect(await decisionsOn(photo.photoId)).toEqual([
      { action: 'takedown', decided_as: 'moderator', policy_id: 'nudity', told: true },
    ])
  })
})

describe('photo_verdicts', () => {
  it('takes no changes', async () => {
    const change = world.db.primary({ text: `UPDATE photo_verdicts SET verdict = 'allow'`, values: [] })
    await expect(change).rejects.toThrow('append-only')
  })
})
