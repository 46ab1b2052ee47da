import { randomUUID } from 'node:crypto'
import sharp from 'sharp'
import { expect } from 'vitest'
import { accountErasureWorkflowId } from '../../../src/contracts/account-erasure.ts'
import { orchestrationWorker } from '../../../src/workers/orchestration.ts'
import { someNetwork } from '../networks.ts'
import { edgeSettings, PrivateEdge } from '../servers/private-edge.ts'
import { openApiWorld, type ApiWorld, type Json, type Person } from './api-world.ts'
import { allWorkers, eventually, openUploadWorld, type UploadWorld } from './upload-world.ts'

type Call = [who: Person | undefined, method: string, path: string, body?: unknown, headers?: object]

/** The API, an edge and workers on real servers, where accounts are erased as soon as they leave. */
export interface ErasureWorld {
  world: ApiWorld
  workers: UploadWorld
  edge: PrivateEdge
  /** Those in which it differs from the file's: for processes that work on the same servers. */
  settings: Record<string, string>
  call: (...call: Call) => ReturnType<ApiWorld['call']>
  /** The same, which has to succeed. @returns the body */
  must: (...call: Call) => Promise<Json>
  /** Uploads a photo through the API and waits until it is published with all its variants. */
  upload: (who: Person, fields: object, exif?: Record<string, string>) => Promise<Json>
  /** Signs up with the mark in whatever can be named. */
  somebody(mark: string): Promise<Person>
  /** Once all notifications that are owed have been written. */
  written(): Promise<void>
  /** Waits until the account is erased. */
  erased(who: Person): Promise<void>
  receiptOf(erasure: { id: string; secret: string }): ReturnType<ApiWorld['call']>
  close(): Promise<void>
}

/** @param orchestrated false: the test brings the orchestration worker */
export async function openErasureWorld({ orchestrated = true } = {}): Promise<ErasureWorld> {
  const edge = await PrivateEdge.start()
  const edges = edgeSettings([edge])
  const workers = await openUploadWorld(edges)
  const settings = { ...edges, TEMPORAL_NAMESPACE: workers.config.TEMPORAL_NAMESPACE }
  // Counters of limits are where names may be left, too.
  const limits = { RATE_LIMITS: 'true', RATE_LIMIT_FACTOR: '1000', TRUSTED_PROXY_HOPS: '1' }
  const network = someNetwork()
  const world = await openApiWorld({ ...settings, ...limits, ACCOUNT_GRACE_DAYS: '0' })
  for (const definition of allWorkers)
    if (orchestrated || definition !== orchestrationWorker) await workers.start(definition)

  const call: ErasureWorld['call'] = (who, method, path, body, headers = {}) =>
    world.call(method, `/v1${path}`, {
      token: who?.token,
      headers: { 'X-Forwarded-For': network, ...headers },
      ...(body === undefined ? {} : { body }),
    })
  const must: ErasureWorld['must'] = async (who, method, path, ...rest) => {
    const answer = await call(who, method, path, ...rest)
    expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300)
    return answer.body
  }

  return {
    world,
    workers,
    edge,
    settings,
    call,
    must,

    async upload(who, fields, exif = {}) {
      const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const
      const bytes = await sharp({
        create: { width: 400, height: 300, channels: 3, background: '#446688', noise },
      })
        .withExif({ IFD0: exif })
        .jpeg({ quality: 85 })
        .toBuffer()
      const opened = await must(who, 'POST', '/photos', {
        contentType: 'image/jpeg',
        bytes: bytes.length,
        ...fields,
      })
      const { method, url, headers } = opened.upload
      expect((await fetch(url, { method, headers, body: new Uint8Array(bytes) })).status).toBe(200)
      await must(who, 'POST', `/photos/${opened.photo.id}/complete`)
      return eventually(async () => {
        const { photo } = (await call(who, 'GET', `/photos/${opened.photo.id}`)).body
        return photo.status === 'ready' && photo.variants.length >= 4 ? photo : undefined
      }, 60_000)
    },

    async somebody(mark) {
      const password = randomUUID()
      const body = {
        username: `${mark}ann`,
        password,
        displayName: `${mark} display`,
        deviceName: `${mark} phone`,
      }
      const made = await must(undefined, 'POST', '/users', body, { 'User-Agent': `${mark} browser` })
      return {
        id: made.user.id,
        username: body.username,
        password,
        token: made.accessToken,
        refreshToken: made.refreshToken,
      }
    },

    async written() {
      await eventually(async () => {
        const rows = await world.db.primary({ text: 'SELECT FROM notification_events LIMIT 1' })
        return rows.length === 0
      })
    },

    async erased({ id }) {
      const handle = workers.temporal.workflow.getHandle(accountErasureWorkflowId(id))
      expect(await handle.result()).toMatchObject({ state: 'done' })
    },

    receiptOf: ({ id, secret }) =>
      world.call('GET', `/v1/me/erasure?id=${id}`, { headers: { 'X-Erasure-Secret': secret } }),

    async close() {
      await world.close()
      await workers.close()
      await edge.remove()
    },
  }
}
