import { randomBytes, randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { QueryResultRow } from 'pg'
import type { Statement } from '../../../src/infra/db/database.ts'
import { createPhotoIndex } from '../../../src/infra/opensearch/photo-index.ts'
import { photosAlias } from '../../../src/infra/opensearch/versions.ts'
import { createSearchIndex } from '../../../src/services/search/search-index.ts'
import { settle } from '../../support/replica.ts'
import { spyOnStatements, type StatementSpy } from '../../support/statements.ts'
import {
  ACCOUNTS,
  buildCell,
  headersOf,
  isPossible,
  photosOf,
  PRINCIPALS,
  type Account,
  type Cell,
  type Principal,
} from '../../support/worlds/access-cells.ts'
import { openApiWorld, type ApiWorld } from '../../support/worlds/api-world.ts'
import { MATRIX } from './matrix.ts'
import { isAsAway, isInAudience, sees, type Expected, type Subject } from './rules.ts'
import { differences, PHOTO, PHOTO_METADATA } from './shapes.ts'

/** Some 250 accounts with photos, albums and links; room for a machine that runs other tests beside. */
const SETUP_MS = 300_000
/** More would only wait for the database's connections. */
const PARALLEL = 12

/** One line of the matrix for one subject. */
interface Question {
  route: string
  subject: Subject
  expected: Expected
}

interface Answered {
  status: number
  type: string | null
  body: unknown
  statements: string[]
}

let world: ApiWorld
let spy: StatementSpy
let questions: Question[]

beforeAll(async () => {
  world = await openApiWorld({ METRICS_TOKEN: 'm'.repeat(40) })
  const cells = await inParallel(
    PRINCIPALS.flatMap((principal) =>
      (Object.keys(ACCOUNTS) as Account[])
        .filter((account) => isPossible(principal, account))
        .map((account) => ({ principal, account })),
    ),
    ({ principal, account }) => buildCell(world, principal, account, photosOf(account)),
  )
  await index(cells)
  questions = await inParallel(
    Object.keys(MATRIX).flatMap((route) => subjectsOf(route, cells).map((subject) => ({ route, subject }))),
    async ({ route, subject }) => {
      const { fresh } = MATRIX[route]!
      const expected = expectedOf(route, subject)
      const succeeds = typeof expected === 'number' && expected < 300
      return { route, expected, subject: fresh && succeeds ? await freshly(subject) : subject }
    },
  )
  await settle(world.db)
  spy = spyOnStatements(world.db)
}, SETUP_MS)
afterAll(async () => {
  spy?.stop()
  await world?.close()
})

describe('the matrix', () => {
  it('has a line for every route, and for no other', () => {
    const routed = world.api.routes.map(({ method, path }) => `${method.toUpperCase()} ${path}`)
    expect(Object.keys(MATRIX).sort()).toEqual(routed.sort())
  })

  describe.each(PRINCIPALS)('for the %s', (principal) => {
    it('gives every route the status and the fields of its line', async () => {
      const asked = questions.filter(({ subject }) => subject.principal === principal)
      expect(asked.length).toBeGreaterThan(80)
      const wrong = await inParallel(asked, async (question) => complaints(question, await ask(question)))
      expect(wrong.flat()).toEqual([])
    })

    it('answers for what is hidden as for what is absent, by the same statements', async () => {
      const asked = questions.filter(
        ({ subject, expected }) => subject.principal === principal && expected === 'hidden',
      )
      expect(asked.length).toBeGreaterThan(0)
      const oneOfEach = new Map(asked.map((one) => [`${one.route}, ${one.subject.account}`, one]))
      const wrong = await inParallel([...oneOfEach.values()], apart)
      expect(wrong.flat()).toEqual([])
    })
  })
})

describe('the check of an answer', () => {
  const question = (route: string, principal: Principal, is: (subject: Subject) => boolean = () => true) =>
    questions.find(
      (one) =>
        one.route === route &&
        one.subject.principal === principal &&
        one.subject.account === 'public' &&
        is(one.subject),
    )!
  const ok = (body: unknown): Answered => ({ status: 200, type: null, body, statements: [] })

  it('finds a route that forgets who asks', async () => {
    const asked = question('GET /v1/me/blocks', 'anonymous')
    expect(complaints(asked, ok({ items: [], nextCursor: null }))).toEqual([
      'GET /v1/me/blocks, anonymous, public account: answered 200, expected 401',
    ])
  })

  it('finds a hidden photo, alone and in a list', async () => {
    const isPrivate = ({ photo }: Subject) => photo?.visibility === 'private'
    const own = question('GET /v1/photos/:photoId', 'owner', isPrivate)
    const { body } = await ask(own)
    const [alone, listed] = [
      question('GET /v1/photos/:photoId', 'follower', isPrivate),
      question('GET /v1/users/:username/photos', 'follower'),
    ]
    expect(complaints(alone, ok(body))).toHaveLength(1)
    const { photo } = body as { photo: object }
    expect(complaints(listed, ok({ items: [photo], nextCursor: null })).join()).toContain('a hidden photo')
  })

  it('finds a field too many, and one that is not shared with the asker', async () => {
    const isUnshared = ({ photo }: Subject) => photo?.visibility === 'public' && !photo.isShared
    const asked = question('GET /v1/photos/:photoId', 'stranger', isUnshared)
    const { body } = (await ask(asked)) as { body: { photo: { owner: object } } }
    const show = (beyond: object) => complaints(asked, ok({ photo: { ...body.photo, ...beyond } }))
    expect(show({})).toEqual([])
    for (const beyond of [
      { shareLocation: true },
      { location: { latitude: 1, longitude: 2 } },
      { storageKey: 'originals/1' },
      { owner: { ...body.photo.owner, email: 'a@example.org' } },
      { variants: [{ name: 'original', url: '/' }] },
    ]) {
      expect(show(beyond), JSON.stringify(beyond)).toHaveLength(1)
    }
  })

  it('finds photos missing from a list', () => {
    const asked = question('GET /v1/users/:username/photos', 'stranger')
    const open = asked.subject.photos.filter(({ visibility }) => visibility === 'public')
    expect(complaints(asked, ok({ items: [], nextCursor: null }))).toHaveLength(open.length)
  })

  it('finds a statement that runs for what is hidden alone', async () => {
    const asked = question(
      'GET /v1/photos/:photoId',
      'stranger',
      ({ photo }) => photo?.visibility === 'private',
    )
    expect(await apart(asked)).toEqual([])
    const { primary } = world.db
    world.db.primary = async <Row extends QueryResultRow>(statement: Statement) => {
      const rows = await primary<Row>(statement)
      if (statement.values?.flat().includes(asked.subject.photo!.photoId)) await primary({ text: 'SELECT 1' })
      return rows
    }
    try {
      expect(await apart(asked)).toHaveLength(1)
    } finally {
      world.db.primary = primary
    }
  })
})

function subjectsOf(route: string, cells: readonly Cell[]): Subject[] {
  const { per = ownPer(route), shows } = MATRIX[route]!
  if (per === 'photo') {
    // Whether camera and place are shared matters only to what shows a photo.
    const each = [{ photo: PHOTO }, { metadata: PHOTO_METADATA }].some((it) => isDeepStrictEqual(shows, it))
    return cells.flatMap((cell) =>
      cell.photos.filter(({ isShared }) => each || !isShared).map((photo) => ({ ...cell, photo })),
    )
  }
  if (per === 'account') return [...cells]
  return PRINCIPALS.map((principal) => cells.find((cell) => cell.principal === principal)!)
}

const ownPer = (route: string) =>
  /:(photo|comment|album)Id/.test(route) ? 'photo' : /:(username|tag)/.test(route) ? 'account' : 'asker'

async function freshly({ principal, account, photo }: Subject): Promise<Subject> {
  const cell = await buildCell(world, principal, account, photo ? [photo] : [])
  return photo ? { ...cell, photo: cell.photos[0]! } : cell
}

/** Photos are found once they are indexed, which a workflow does. */
async function index(cells: readonly Cell[]): Promise<void> {
  const { openSearch, config } = world.api.clients
  const prefix = config.OPENSEARCH_INDEX_PREFIX
  const searchIndex = createSearchIndex({
    index: createPhotoIndex(openSearch, prefix),
    primary: world.db.primary,
  })
  await inParallel(
    cells.flatMap(({ photos }) => photos),
    ({ photoId }) => searchIndex.indexPhoto(photoId),
  )
  await openSearch.indices.refresh({ index: photosAlias(prefix) })
}

/** Whatever asks who it is refuses an account that is away, and a suspended one unless it says `whileSuspended`. */
function expectedOf(route: string, subject: Subject): Expected {
  const { rule, whileSuspended } = MATRIX[route]!
  const { security } = descriptionOf(route)
  if (security !== 'required' && security !== 'optional') return rule(subject)
  if (isAsAway(subject)) return 401
  return isSuspended(subject) && !whileSuspended ? 403 : rule(subject)
}

const isSuspended = ({ principal, account }: Subject) =>
  principal === 'suspended account' || (principal === 'owner' && ACCOUNTS[account].status === 'suspended')

const descriptionOf = (route: string) =>
  world.api.routes.find(({ method, path }) => `${method.toUpperCase()} ${path}` === route)?.description ?? {}

type Names = Readonly<Record<string, string>>
/** Names of nothing. */
const ABSENT: Names = {
  photoId: uuidv7(),
  commentId: uuidv7(),
  albumId: uuidv7(),
  linkId: uuidv7(),
  itemId: uuidv7(),
  caseId: uuidv7(),
  decisionId: uuidv7(),
  tokenId: uuidv7(),
  passkeyId: uuidv7(),
  identityId: uuidv7(),
  provider: 'no-such-provider',
  webhookId: uuidv7(),
  deliveryId: uuidv7(),
  exportId: uuidv7(),
  token: randomBytes(32).toString('base64url'),
  ticket: 'no.such.ticket',
  username: 'nobody-has-this-name',
  tag: 'nobody-has-this-tag',
}

function namesIn({ owner, asker, photo, tag }: Subject): Names {
  const [sessionId] = (asker ?? owner).refreshToken.split('.')
  return {
    username: owner.username,
    tag,
    sessionId: sessionId!,
    linkId: ABSENT.linkId!,
    ticket: ABSENT.ticket!,
    caseId: ABSENT.caseId!,
    decisionId: ABSENT.decisionId!,
    tokenId: ABSENT.tokenId!,
    passkeyId: ABSENT.passkeyId!,
    identityId: ABSENT.identityId!,
    provider: ABSENT.provider!,
    webhookId: ABSENT.webhookId!,
    deliveryId: ABSENT.deliveryId!,
    exportId: ABSENT.exportId!,
    ...(photo
      ? {
          photoId: photo.photoId,
          commentId: photo.commentId,
          albumId: photo.albumId ?? '',
          itemId: photo.photoId,
          token: photo.linkToken ?? randomBytes(32).toString('base64url'),
        }
      : {}),
  }
}

async function ask({ route, subject }: Question, names = namesIn(subject)): Promise<Answered> {
  const { query, body, headers, username } = MATRIX[route]!
  const [method, pattern] = route.split(' ') as [string, string]
  const path = pattern.replace(/:(\w+)/g, (_, name: string) =>
    username && name === 'username' ? username(subject) : names[name]!,
  )
  const requestId = randomUUID()
  const answer = await world.call(method, query ? `${path}?${query(subject)}` : path, {
    token: subject.asker?.token,
    ...(body ? { body: body(subject) } : {}),
    headers: { 'X-Request-Id': requestId, ...headersOf(subject), ...headers },
  })
  const isProblem = answer.status >= 400
  return {
    status: answer.status,
    type: answer.headers.get('Content-Type'),
    body: isProblem ? { ...answer.body, requestId: undefined, instance: undefined } : answer.body,
    statements: spy.take(requestId),
  }
}

/** What tells a hidden thing from an absent one, if anything does. */
async function apart(question: Question) {
  const [hidden, absent] = [await ask(question), await ask(question, ABSENT)]
  expect(hidden.statements.length).toBeGreaterThan(0)
  return isDeepStrictEqual(hidden, absent) ? [] : [{ asked: titleOf(question), hidden, absent }]
}

/** What is wrong with an answer, in words. */
function complaints(question: Question, { status, body }: Answered): string[] {
  const { route, subject, expected } = question
  const { shows, complete } = MATRIX[route]!
  const wanted = expected === 'hidden' ? 404 : expected
  if (status !== wanted) return [`${titleOf(question)}: answered ${status}, expected ${wanted}`]
  if (status >= 300) return []
  const isJson = typeof body === 'object' && body !== null
  const found = isJson || shows ? differences(body, shows ?? {}, subject) : []
  if (complete) {
    const listed = (body as { items: { id: string }[] }).items.map(({ id }) => id)
    const isListed = complete === 'seen' ? sees : isInAudience
    const wrong = subject.photos.filter(
      (photo) => isListed(subject, photo) !== listed.includes(photo.photoId),
    )
    found.push(...wrong.map(({ visibility }) => `lacks or should not list a photo (${visibility})`))
  }
  return found.map((difference) => `${titleOf(question)}: ${difference}`)
}

function titleOf({ route, subject: { principal, account, photo } }: Question): string {
  const of = photo
    ? `${photo.visibility} photo of a ${account} account${photo.isShared ? ', shared' : ''}`
    : `${account} account`
  return `${route}, ${principal}, ${of}`
}

async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const rest = items.entries()
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const [place, item] of rest) results[place] = await work(item)
    }),
  )
  return results
}
