import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/config.ts'
import {
  LIBRARY_REENCODE,
  LIBRARY_REENCODE_ID,
  type LibraryReencodeInput,
  type ReencodeProgress,
} from '../../src/contracts/library-reencode.ts'
import { TASK_QUEUES } from '../../src/contracts/task-queues.ts'
import { openTemporal } from '../../src/infra/temporal/client.ts'
import { ApiClient } from '../../stack/client/api-client.ts'
import { startServers, type PrivateServers } from '../support/servers/private-servers.ts'
import { startApp, type App, type ProcessName } from '../support/servers/app-processes.ts'
import { slowJpeg, smallJpeg } from '../support/factories/pictures.ts'

/** Invariant 3: killing any process at any moment loses nothing that was accepted. Real processes, SIGKILL. */
describe('the app after a kill', () => {
  let app: App
  let servers: PrivateServers
  let author: ApiClient
  let follower: ApiClient

  beforeAll(async () => {
    servers = await startServers('temporal')
    app = await startApp({ storageEvents: false, env: servers.env })
    const run = randomBytes(4).toString('hex')
    author = await new ApiClient(app.url).signUp(`author-${run}`)
    follower = await new ApiClient(app.url).signUp(`follower-${run}`)
    await follower.call('PUT', `/v1/users/${author.username}/follow`)
    await follower.walk('/v1/feed')
  })
  afterAll(async () => {
    await app?.stop()
    await servers?.close()
  })

  const killed = new Set<ProcessName>()
  async function kill(name: ProcessName): Promise<void> {
    await app.kill(name)
    killed.add(name)
  }
  async function restart(name: ProcessName): Promise<void> {
    await app.start(name)
    killed.delete(name)
  }
  afterEach(async () => {
    for (const name of killed) await restart(name)
    await servers.restart('temporal')
  })

  async function upload(bytes: Buffer): Promise<string> {
    const { photoId } = await author.upload(bytes, { contentType: 'image/jpeg', visibility: 'public' })
    await author.call('POST', `/v1/photos/${photoId}/complete`, undefined, [200, 202])
    return photoId
  }

  async function stepState(photoId: string, name: string): Promise<string> {
    const { steps } = await author.call('GET', `/v1/photos/${photoId}/progress`)
    return steps.find((step: { name: string }) => step.name === name)?.state
  }

  /** Whole: every variant, in the follower's feed exactly once. */
  async function expectWhole(photoId: string, timeoutMs = 60_000): Promise<void> {
    const photo = await author.untilVariants(photoId, timeoutMs)
    expect(photo.status).toBe('ready')
    await follower.until(
      'it is in the feed',
      async () => (await follower.walk('/v1/feed')).filter((item) => item.id === photoId).length === 1,
      timeoutMs,
    )
  }

  it('finishes the variants when the media worker is killed midway', { timeout: 120_000 }, async () => {
    const photoId = await upload(await slowJpeg())
    await author.until(
      'its variants are under way',
      async () => (await stepState(photoId, 'variants')) === 'running',
      30_000,
      5,
    )
    await kill('media')
    const photo = await author.photo(photoId)
    expect(photo.status).toBe('ready')
    expect(photo.variants.filter((v) => v.name !== 'original').length).toBeLessThan(4)
    await restart('media')
    await expectWhole(photoId, 90_000)
  })

  it('goes on with a re-encode when the media worker is killed midway', { timeout: 180_000 }, async () => {
    const photoId = await upload(await slowJpeg())
    await expectWhole(photoId, 90_000)
    const config = loadConfig({ ...process.env, ...servers.env })
    const temporal = openTemporal({ address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE })
    try {
      const input: LibraryReencodeInput = {
        selection: { force: true, purge: false },
        canary: 0,
        photosPerMinute: 10_000,
      }
      const reencode = await temporal.workflow.start(LIBRARY_REENCODE, {
        workflowId: LIBRARY_REENCODE_ID,
        taskQueue: TASK_QUEUES.orchestration,
        args: [input],
      })
      await author.until(
        'a slice is under way',
        async () => (await reencode.describe()).raw.pendingActivities?.some((each) => each.lastStartedTime),
        30_000,
        5,
      )
      await kill('media')
      await restart('media')
      const { state, tally } = (await reencode.result()) as ReencodeProgress
      expect(state).toBe('done')
      expect(tally).toMatchObject({ failed: 0, postponed: 0 })
      expect(tally.rendered).toBeGreaterThan(0)
    } finally {
      await temporal.connection.close()
    }
    const { variants } = await author.photo(photoId)
    for (const { url, bytes } of variants.filter(({ name }) => name !== 'original')) {
      const answer = await fetch(url)
      expect([answer.status, (await answer.arrayBuffer()).byteLength]).toEqual([200, bytes])
    }
  })

  it('finishes the workflow when its worker is killed midway', { timeout: 120_000 }, async () => {
    const photoId = await upload(await slowJpeg(20))
    await author.until(
      'it is being processed',
      async () => (await author.photo(photoId)).status === 'processing',
      30_000,
      5,
    )
    await kill('orchestration')
    expect((await author.photo(photoId)).variants).toHaveLength(0)
    await restart('orchestration')
    await expectWhole(photoId, 90_000)
  })

  it('accepts the upload when the API is killed right after its 201', { timeout: 120_000 }, async () => {
    const bytes = await smallJpeg()
    const { photo, upload: target } = await author.openUpload({
      contentType: 'image/jpeg',
      bytes: bytes.byteLength,
    })
    await kill('api')
    await author.put(target, bytes)
    await restart('api')
    await author.call('POST', `/v1/photos/${photo.id}/complete`, undefined, [200, 202])
    await expectWhole(photo.id)
  })

  it('finishes the upload when the API is killed right after `complete`', { timeout: 120_000 }, async () => {
    const photoId = await upload(await smallJpeg())
    await kill('api')
    await restart('api')
    await expectWhole(photoId)
  })

  it('accepts uploads and follows while Temporal is down for 10 s', { timeout: 180_000 }, async () => {
    const before = await upload(await smallJpeg())
    await servers.kill('temporal')
    const downSince = performance.now()

    const meanwhile = await upload(await smallJpeg())
    const late = await new ApiClient(app.url).signUp(`late-${randomBytes(4).toString('hex')}`)
    await late.call('PUT', `/v1/users/${author.username}/follow`)
    expect((await author.photo(meanwhile)).status).toBe('awaiting_upload')
    expect((await author.send('GET', '/v1/feed')).status).toBe(200)

    await sleep(Math.max(0, 10_000 - (performance.now() - downSince)))
    await servers.restart('temporal')
    await expectWhole(before, 120_000)
    await expectWhole(meanwhile, 120_000)
    await late.until('the late follower has both', async () => (await late.walk('/v1/feed')).length >= 2)
  })

  it('finishes the upload when every process is killed at once', { timeout: 180_000 }, async () => {
    const photoId = await upload(await slowJpeg(20))
    for (const name of ['media', 'orchestration', 'fanout', 'api'] as const) await kill(name)
    await Promise.all((['media', 'orchestration', 'fanout', 'api'] as const).map(restart))
    await expectWhole(photoId, 120_000)
  })
})
