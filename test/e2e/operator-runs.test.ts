import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId } from '../../src/domain/ids.ts'
import { openDatabase, type Database } from '../../src/infra/db/database.ts'
import { openSearchClient, type Client } from '../../src/infra/opensearch/client.ts'
import { storedDocuments } from '../../src/infra/opensearch/documents.ts'
import { ensureSearchIndex } from '../../src/infra/opensearch/setup.ts'
import { photosAlias } from '../../src/infra/opensearch/versions.ts'
import { buildUser } from '../support/factories/accounts.ts'
import { buildPhoto } from '../support/factories/photos.ts'
import { startApp, type App } from '../support/servers/app-processes.ts'
import { runDarkroom } from '../support/servers/cli-processes.ts'

const PHOTOS = 20
/** Each command is a process of its own, which a busy machine starts in seconds. */
const TIMEOUT_MS = 180_000
const SPAM = 'Buy followers'
const RULES = [{ reason: 'spam', verdict: 'limit', words: 'buy followers' }]

/** `darkroom search` and `darkroom moderation re-screen` as an operator runs them, before real workers. */
describe('an operator', () => {
  const prefix = `operator-${randomBytes(4).toString('hex')}`
  let app: App
  let db: Database
  let openSearch: Client
  let folder: string
  let env: Record<string, string>
  let spam: PhotoId

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
    const rules = join(folder, 'rules.json')
    await writeFile(rules, JSON.stringify(RULES))
    env = { OPENSEARCH_INDEX_PREFIX: prefix, MODERATION_TEXT_RULES: rules, MODERATION_MODEL: '' }
    openSearch = openSearchClient(process.env.OPENSEARCH_URL!)
    await ensureSearchIndex(openSearch, prefix)
    db = await openDatabase({
      url: process.env.DATABASE_URL!,
      poolSize: 2,
      statementTimeoutMs: 15_000,
      applicationName: 'operator-tests',
    })
    const { userId } = await buildUser(db)
    for (let n = 1; n < PHOTOS; n++) await buildPhoto(db, userId, { caption: `Photo ${n}` })
    spam = (await buildPhoto(db, userId, { caption: SPAM })).photoId
    app = await startApp({ storageEvents: false, processes: ['orchestration', 'media'], env })
  })
  afterAll(async () => {
    await app?.stop()
    await db?.close()
    if (openSearch) {
      await openSearch.indices.delete({ index: `${photosAlias(prefix)}-v*`, expand_wildcards: 'all' })
      await openSearch.indices.deleteIndexTemplate({ name: photosAlias(prefix) })
      await openSearch.close()
    }
    if (folder) await rm(folder, { recursive: true })
  })

  const start = (command: string) => runDarkroom(command.split(' '), { ...process.env, ...env })
  /** @returns its exit code, and what it printed. */
  async function run(command: string): Promise<[code: number | null, said: string]> {
    const { code, stdout, stderr } = await start(command).ended
    return [code, stdout + stderr]
  }
  const documents = () => storedDocuments(openSearch, photosAlias(prefix)).count()

  it(
    'builds the index anew, goes back, and forgets the former one',
    async () => {
      expect(await documents()).toBe(0)
      expect(await run('search pause')).toEqual([1, expect.stringContaining('no reindex is running')])
      const [code, said] = await run('search reindex')
      expect(said).toContain(`done: ${PHOTOS} of ${PHOTOS} documents copied`)
      expect(said).toContain(`searches go to ${prefix}-photos-v`)
      expect(code).toBe(0)
      expect(await documents()).toBe(PHOTOS)
      expect(await run('search status')).toEqual([0, expect.stringContaining('done')])
      expect(await run('search rollback')).toEqual([0, expect.stringContaining('again')])
      expect(await documents()).toBe(0)
      expect((await run('search rollback'))[0]).toBe(1)
      expect(await run('search discard')).toEqual([0, 'no former index is kept\n'])
      expect((await run('search reindex'))[0]).toBe(0)
      expect(await run('search discard')).toEqual([0, expect.stringContaining('is deleted')])
      expect(await documents()).toBe(PHOTOS)
    },
    TIMEOUT_MS,
  )

  it(
    'holds a reindex, stops watching it, and quickens it',
    async () => {
      const watching = start('search reindex --rate 1')
      // Until it has begun, there is nothing to hold.
      let paused = await run('search pause')
      while (paused[0] !== 0) paused = await run('search pause')
      expect(paused[1]).toContain('paused')
      watching.child.kill('SIGINT')
      const { code, stdout } = await watching.ended
      expect([code, stdout]).toEqual([130, expect.stringContaining('no longer watched; the reindex goes on')])
      const resumed = start('search resume')
      const quick = await run('search reindex --rate 100000')
      expect(quick).toEqual([0, expect.stringContaining('done')])
      expect((await resumed.ended).code).toBe(0)
      expect(await documents()).toBe(PHOTOS)
    },
    TIMEOUT_MS,
  )

  it(
    'tries a new policy, approves it, and has the library screened',
    async () => {
      const limited = async () => {
        const rows = await db.primary<{ photo_id: PhotoId }>({
          text: 'SELECT photo_id FROM photos WHERE limited_at IS NOT NULL',
          values: [],
        })
        return rows.map((row) => row.photo_id)
      }
      expect((await run('moderation re-screen --approve --cancel'))[0]).toBe(2)
      expect(await run('moderation re-screen --pause')).toEqual([
        1,
        expect.stringContaining('not being screened'),
      ])
      const [code, trial] = await run('moderation re-screen --canary 100 --rate 100000')
      expect(trial).toContain(`the trial: ${PHOTOS} screened, 0 failed, ${PHOTOS} seen`)
      expect(trial).toContain('no measure was taken')
      expect(code).toBe(0)
      expect(await limited()).toEqual([])
      expect(await run('moderation re-screen --approve')).toEqual([
        0,
        expect.stringContaining(`done: ${PHOTOS} screened, 0 failed, ${PHOTOS} seen of ${PHOTOS}`),
      ])
      expect(await limited()).toEqual([spam])
      const again = await run('moderation re-screen --canary 0')
      expect(again).toEqual([0, expect.stringContaining(`0 screened, 0 failed, ${PHOTOS} seen`)])
    },
    TIMEOUT_MS,
  )

  it(
    'is told that the library cannot be embedded without a service',
    async () => {
      expect((await run('media embed --pause --resume'))[0]).toBe(2)
      expect(await run('media embed --pause')).toEqual([1, expect.stringContaining('not being embedded')])
      expect(await run('media embed')).toEqual([
        0,
        expect.stringContaining('EMBEDDING_URL of the media worker'),
      ])
    },
    TIMEOUT_MS,
  )
})
