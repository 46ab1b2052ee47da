import { randomBytes } from 'node:crypto'
import type { Client } from '@temporalio/client'
import { pino } from 'pino'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { photoFanoutWorkflowId } from '../../../src/contracts/photo-fanout.ts'
import { photoUploadWorkflowId } from '../../../src/contracts/photo-upload.ts'
import { openSearchClient } from '../../../src/infra/opensearch/client.ts'
import { ensureSearchIndex, photosIndex } from '../../../src/infra/opensearch/setup.ts'
import { openTemporal } from '../../../src/infra/temporal/client.ts'
import { setUpQuietTemporal } from '../../support/servers/quiet-temporal.ts'
import { fanoutWorker } from '../../../src/workers/fanout.ts'
import { mediaWorker } from '../../../src/workers/media.ts'
import { orchestrationWorker } from '../../../src/workers/orchestration.ts'
import { startWorker, type RunningWorker } from '../../../src/workers/run-worker.ts'
import { openApiWorld, type ApiWorld, type Json, type Person } from '../../support/worlds/api-world.ts'

/** Temporal deletes in the background: within seconds, unless the machine is busy. */
const FORGOTTEN_WITHIN_MS = 60_000

/** The API with real workers: what a client sees of an upload that it follows. */
describe('following an upload through the API', () => {
  const suffix = randomBytes(4).toString('hex')
  const prefix = `api-${suffix}`
  const search = openSearchClient(process.env.OPENSEARCH_URL ?? '')
  let temporal: Client
  let world: ApiWorld
  let ann: Person
  const workers: RunningWorker[] = []

  beforeAll(async () => {
    const namespace = `api-${suffix}`
    temporal = openTemporal({ address: process.env.TEMPORAL_ADDRESS ?? '127.0.0.1:7233', namespace })
    await setUpQuietTemporal(temporal)
    await ensureSearchIndex(search, prefix)
    world = await openApiWorld({ TEMPORAL_NAMESPACE: namespace, OPENSEARCH_INDEX_PREFIX: prefix })
    ann = await world.signUp()
    for (const definition of [orchestrationWorker, mediaWorker, fanoutWorker]) {
      workers.push(await startWorker(definition, world.api.clients.config, pino({ level: 'silent' })))
    }
  })
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.stop()))
    await search.indices.delete({ index: photosIndex(prefix), ignore_unavailable: true })
    await search.close()
    await temporal?.connection.close()
    await world?.close()
  })

  const progressOf = (id: string, wait: number) =>
    world.call('GET', `/v1/photos/${id}/progress?wait=${wait}`, { token: ann.token })

  /** Follows by long polls until `done`; each answer differs from the one before or came at the end of its wait. */
  async function follow(id: string, done: (progress: Json) => boolean): Promise<Json> {
    for (let poll = 0; poll < 40; poll++) {
      const { status, body } = await progressOf(id, 5)
      expect(status).toBe(200)
      if (done(body)) return body
    }
    throw new Error('not done after 40 polls')
  }
  /** Expects no further change: a poll that could wait for 25 s gets `settled` again, at once. */
  async function expectAnsweredAtOnce(id: string, settled: Json): Promise<void> {
    const since = performance.now()
    expect((await progressOf(id, 25)).body).toEqual(settled)
    expect(performance.now() - since).toBeLessThan(10_000)
  }
  const allDone = (progress: Json) =>
    progress.steps.every((step: Json) => step.state === 'done') && progress.fanout?.state === 'done'

  it('passes every step until the photo is in feed, profile and search', async () => {
    const bytes = await sharp({
      create: { width: 1600, height: 1200, channels: 3, background: { r: randomBytes(1)[0]!, g: 90, b: 10 } },
    })
      .jpeg()
      .toBuffer()
    const opened = await world.call('POST', '/v1/photos', {
      token: ann.token,
      body: { contentType: 'image/jpeg', bytes: bytes.byteLength, caption: `Lighthouse #api${suffix}` },
    })
    const { photo, upload } = opened.body
    expect((await progressOf(photo.id, 0)).body.status).toBe('awaiting_upload')
    await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: new Uint8Array(bytes) })
    await world.call('POST', `/v1/photos/${photo.id}/complete`, { token: ann.token })
    const progress = await follow(photo.id, allDone)
    expect(progress.steps.map((step: Json) => step.name)).toEqual([
      'arrival',
      'validation',
      'publication',
      'variants',
      'search',
      'fanout',
      'moderation',
    ])
    expect(progress.steps.find((step: Json) => step.name === 'variants')).toMatchObject({
      detail: '12 of 12',
    })
    await expectAnsweredAtOnce(photo.id, progress)

    const shown = (await world.call('GET', `/v1/photos/${photo.id}`)).body.photo
    expect(shown).toMatchObject({ status: 'ready', width: 1600, height: 1200, tags: [`api${suffix}`] })
    const formats = shown.variants.map((variant: Json) => `${variant.name}.${variant.format}`)
    const sizes = ['thumb_200', 'thumb_400', 'medium_800', 'large_2048']
    expect(formats.sort()).toEqual(
      sizes.flatMap((size) => ['jpeg', 'webp', 'avif'].map((format) => `${size}.${format}`)).sort(),
    )
    expect((await world.call('POST', `/v1/photos/${photo.id}/complete`, { token: ann.token })).status).toBe(
      200,
    )
    const feed = await world.call('GET', '/v1/feed', { token: ann.token })
    expect(feed.body.items.map((item: Json) => item.id)).toEqual([photo.id])
    const profile = await world.call('GET', `/v1/users/${ann.username}`, { token: ann.token })
    expect(profile.body.user.photoCount).toBe(1)
    for (const path of [
      `/v1/search/photos?q=lighthouses&user=${ann.username}`,
      `/v1/tags/API${suffix}/photos`,
    ]) {
      await expect
        .poll(async () => (await world.call('GET', path)).body.items?.map((item: Json) => item.id), {
          timeout: 5_000,
        })
        .toEqual([photo.id])
    }
  })

  const openUpload = async (bytes: Buffer): Promise<{ id: string; upload: Json }> => {
    const { photo, upload } = (
      await world.call('POST', '/v1/photos', {
        token: ann.token,
        body: { contentType: 'image/jpeg', bytes: bytes.byteLength },
      })
    ).body
    return { id: photo.id, upload }
  }
  const uploadOf = (id: string) => temporal.workflow.getHandle(photoUploadWorkflowId(id))
  const statesOf = ({ steps }: Json) => steps.map(({ state }: Json) => state).join(' ')
  /** Deletes a workflow, as Temporal does after its retention. */
  async function forget(workflowId: string): Promise<void> {
    const execution = { namespace: `api-${suffix}`, workflowExecution: { workflowId } }
    await temporal.workflowService.deleteWorkflowExecution(execution)
    const isKnown = () =>
      temporal.workflow
        .getHandle(workflowId)
        .describe()
        .then(
          () => true,
          () => false,
        )
    await expect.poll(isKnown, { timeout: FORGOTTEN_WITHIN_MS }).toBe(false)
  }

  it('settles when an operator has cancelled the upload', async () => {
    const { id } = await openUpload(Buffer.from('never put'))
    await uploadOf(id).cancel()
    const settled = await follow(
      id,
      ({ status, steps }) => status === 'failed' && steps[0].state === 'failed',
    )
    expect(statesOf(settled)).toBe('failed skipped skipped skipped skipped skipped skipped')
    await expectAnsweredAtOnce(id, settled)
  })

  it('settles when the upload was terminated, although its row is unchanged', async () => {
    const { id } = await openUpload(Buffer.from('never put'))
    await uploadOf(id).terminate('by a test')
    const settled = await follow(id, ({ steps }) => steps[0].state === 'failed')
    expect(settled.status).toBe('awaiting_upload')
    expect(statesOf(settled)).toBe('failed skipped skipped skipped skipped skipped skipped')
    await expectAnsweredAtOnce(id, settled)
  })

  it(
    'settles from Postgres once Temporal has forgotten the photo',
    async () => {
      const bytes = await sharp({
        create: { width: 900, height: 600, channels: 3, background: { r: randomBytes(1)[0]!, g: 9, b: 10 } },
      })
        .jpeg()
        .toBuffer()
      const { id, upload } = await openUpload(bytes)
      await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: new Uint8Array(bytes) })
      await world.call('POST', `/v1/photos/${id}/complete`, { token: ann.token })
      await follow(id, allDone)
      await Promise.all([photoUploadWorkflowId(id), photoFanoutWorkflowId(id)].map(forget))
      const settled = (await progressOf(id, 0)).body
      expect(statesOf(settled)).toBe('done done done done done done done')
      expect(settled.steps[3]).toMatchObject({ name: 'variants', detail: '12 of 12' })
      expect(settled.fanout).toBeUndefined()
      await expectAnsweredAtOnce(id, settled)
    },
    2 * FORGOTTEN_WITHIN_MS,
  )

  it('reports why an upload failed', async () => {
    const bytes = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')
    const { photo, upload } = (
      await world.call('POST', '/v1/photos', {
        token: ann.token,
        body: { contentType: 'image/png', bytes: bytes.byteLength },
      })
    ).body
    await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: new Uint8Array(bytes) })
    await world.call('POST', `/v1/photos/${photo.id}/complete`, { token: ann.token })
    const progress = await follow(photo.id, ({ status }) => status === 'failed')
    expect(progress.steps.find((step: Json) => step.name === 'validation')).toMatchObject({ state: 'failed' })
    const ended = await follow(photo.id, ({ steps }) => steps.every((step: Json) => step.state !== 'pending'))
    await expectAnsweredAtOnce(photo.id, ended)
    const again = await world.call('POST', `/v1/photos/${photo.id}/complete`, { token: ann.token })
    expect(again).toMatchObject({ status: 200, body: { photo: { failure: { code: 'not_an_image' } } } })
    // The signature is still valid, but the failed upload accepts nothing any more.
    await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: new Uint8Array(bytes) })
    expect((await world.call('GET', `/v1/photos/${photo.id}`, { token: ann.token })).body.photo.status).toBe(
      'failed',
    )
  })
})
