import { randomBytes } from 'node:crypto'
import type { Client } from '@temporalio/client'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSearchClient } from '../../../src/infra/opensearch/client.ts'
import { ensureSearchIndex, photosIndex } from '../../../src/infra/opensearch/setup.ts'
import { openTemporal } from '../../../src/infra/temporal/client.ts'
import { fanoutWorker } from '../../../src/workers/fanout.ts'
import { mediaWorker } from '../../../src/workers/media.ts'
import { orchestrationWorker } from '../../../src/workers/orchestration.ts'
import { startWorker, type RunningWorker } from '../../../src/workers/run-worker.ts'
import { setUpQuietTemporal } from '../../support/servers/quiet-temporal.ts'
import { proxyTo, type TcpProxy } from '../../support/servers/tcp-proxy.ts'
import { openApiWorld, type ApiWorld, type Json, type Person } from '../../support/worlds/api-world.ts'
import { somePhoto } from '../../support/worlds/upload-world.ts'

/** Longer than the pauses between the attempts of a step. */
const CAUGHT_UP_MS = 60_000

describe('OpenSearch down', () => {
  const suffix = randomBytes(4).toString('hex')
  const prefix = `outage-${suffix}`
  const direct = openSearchClient(process.env.OPENSEARCH_URL!)
  const workers: RunningWorker[] = []
  let proxy: TcpProxy
  let temporal: Client
  let world: ApiWorld
  let ann: Person
  let bob: Person

  beforeAll(async () => {
    proxy = await proxyTo(process.env.OPENSEARCH_URL!)
    const namespace = `outage-${suffix}`
    temporal = openTemporal({ address: process.env.TEMPORAL_ADDRESS!, namespace })
    await setUpQuietTemporal(temporal)
    await ensureSearchIndex(direct, prefix)
    world = await openApiWorld({
      TEMPORAL_NAMESPACE: namespace,
      OPENSEARCH_INDEX_PREFIX: prefix,
      OPENSEARCH_URL: proxy.url,
    })
    for (const definition of [orchestrationWorker, mediaWorker, fanoutWorker])
      workers.push(await startWorker(definition, world.api.clients.config, pino({ level: 'silent' })))
    ann = await world.signUp()
    bob = await world.signUp()
    await world.call('PUT', `/v1/users/${ann.username}/follow`, { token: bob.token })
  })
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.stop()))
    await direct.indices.delete({ index: photosIndex(prefix), ignore_unavailable: true })
    await direct.close()
    await temporal?.connection.close()
    await world?.close()
    proxy?.close()
  })

  async function upload(caption: string): Promise<string> {
    const bytes = await somePhoto(400, 300)
    const opened = await world.call('POST', '/v1/photos', {
      token: ann.token,
      body: { contentType: 'image/jpeg', bytes: bytes.length, caption },
    })
    const { photo, upload: target } = opened.body
    await fetch(target.url, { method: 'PUT', headers: target.headers, body: new Uint8Array(bytes) })
    await world.call('POST', `/v1/photos/${photo.id}/complete`, { token: ann.token })
    await expect
      .poll(async () => (await world.call('GET', `/v1/photos/${photo.id}`)).body.photo?.status, {
        timeout: 30_000,
      })
      .toBe('ready')
    return photo.id
  }
  const idsOf = async (path: string, person = bob): Promise<string[]> =>
    (await world.call('GET', path, { token: person.token })).body.items?.map((item: Json) => item.id)
  const finds = (word: string) => idsOf(`/v1/search/photos?q=${word}`)

  it('holds up only searches, which catch up by themselves', async () => {
    const before = await upload(`Before ${suffix}`)
    await expect.poll(() => finds('before'), { timeout: 30_000 }).toEqual([before])

    proxy.silence()
    const meanwhile = await upload(`Meanwhile ${suffix}`)
    const edit = await world.call('PATCH', `/v1/photos/${before}`, {
      token: ann.token,
      body: { caption: `Edited ${suffix}` },
    })
    expect(edit.status).toBe(200)
    await expect.poll(() => idsOf('/v1/feed'), { timeout: 30_000 }).toEqual([meanwhile, before])
    const search = await world.call('GET', '/v1/search/photos?q=before', { token: bob.token })
    expect(search).toMatchObject({ status: 503, body: { code: 'unavailable' } })
    expect(search.headers.get('Retry-After')).toBe('5')
    const ready = await world.call('GET', '/readyz')
    expect(ready).toMatchObject({
      status: 200,
      body: { dependencies: { opensearch: { state: 'down' }, 'search-index': { state: 'down' } } },
    })

    proxy.recover()
    await expect.poll(() => finds('meanwhile'), { timeout: CAUGHT_UP_MS }).toEqual([meanwhile])
    await expect.poll(() => finds('edited'), { timeout: CAUGHT_UP_MS }).toEqual([before])
    expect(await finds('before')).toEqual([])
    await expect
      .poll(async () => (await world.call('GET', '/readyz')).body.dependencies['search-index'].state)
      .toBe('up')
  })
})
