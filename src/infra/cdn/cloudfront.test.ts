import { createVerify, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cloudFrontSigner, createCloudFront } from './cloudfront.ts'

const photo = '/variants/0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee/3'
const query = '?a=4&o=7.2&s=c2ln'

const servers: Server[] = []
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

/** As CloudFront's API answers, which has an invalidation under way until it is asked for `looks` times. */
async function serveApi({ looks = 1, status = 201 } = {}) {
  const created: string[][] = []
  const asked: number[] = []
  const invalidation = (id: number, state: string) =>
    `<?xml version="1.0"?><Invalidation xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Id>I${id}</Id><Status>${state}</Status>` +
    '<CreateTime>2026-11-27T00:00:00Z</CreateTime></Invalidation>'
  const url = await serve((request, response) => {
    void bodyOf(request).then((body) => {
      expect(request.headers.authorization).toMatch(
        /^AWS4-HMAC-SHA256 Credential=id\/\d{8}\/us-east-1\/cloudfront/,
      )
      const { method, url: path } = request
      response.setHeader('content-type', 'text/xml')
      if (method === 'POST' && path === '/2020-05-31/distribution/E123/invalidation') {
        if (status !== 201) {
          return response
            .writeHead(status)
            .end('<ErrorResponse><Error><Code>TooManyInvalidationsInProgress</Code></Error></ErrorResponse>')
        }
        created.push([...body.matchAll(/<Path>(.*?)<\/Path>/g)].map(([, item]) => item!))
        asked.push(0)
        return response.writeHead(201).end(invalidation(created.length, 'InProgress'))
      }
      const id = Number(/^\/2020-05-31\/distribution\/E123\/invalidation\/I(\d+)$/.exec(path!)![1])
      const isDone = ++asked[id - 1]! >= looks
      response.writeHead(200).end(invalidation(id, isDone ? 'Completed' : 'InProgress'))
    })
  })
  return { url, created }
}

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signer = cloudFrontSigner({
  keyPairId: 'K2JCJMDEHXQW5F',
  privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
})

/** As a distribution with a trusted key group: checks the signature, strips it, and asks what is behind it. */
async function serveDistribution(behind: (path: string) => number) {
  let base = ''
  const forwarded: string[] = []
  base = await serve((request, response) => {
    const [url, params] = stripped(new URL(request.url!, base))
    const policy = `{"Statement":[{"Resource":"${url.href}","Condition":{"DateLessThan":{"AWS:EpochTime":${params.Expires}}}}]}`
    const signature = (params.Signature ?? '').replace(/[-_~]/g, (c) => ({ '-': '+', _: '=', '~': '/' })[c]!)
    const isGood =
      params['Hash-Algorithm'] === 'SHA256' &&
      params['Key-Pair-Id'] === 'K2JCJMDEHXQW5F' &&
      createVerify('SHA256').update(policy).verify(publicKey, signature, 'base64') &&
      Number(params.Expires) > Date.now() / 1000
    if (!isGood) return response.writeHead(403).end()
    forwarded.push(`${url.pathname}${url.search}`)
    response.writeHead(behind(url.pathname)).end()
  })
  return { url: base, forwarded }
}

const OWN = ['Expires', 'Signature', 'Key-Pair-Id', 'Hash-Algorithm'] as const
function stripped(url: URL): [URL, Partial<Record<(typeof OWN)[number], string>>] {
  const params = Object.fromEntries(OWN.map((name) => [name, url.searchParams.get(name) ?? '']))
  const rest = url.search.slice(1).split('&')
  url.search = rest.filter((part) => !OWN.some((name) => part.startsWith(`${name}=`))).join('&')
  return [url, params]
}

let options: Parameters<typeof createCloudFront>[0]
beforeEach(() => {
  options = {
    url: 'http://unused.test',
    distributionId: 'E123',
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    fetchTimeoutMs: 2_000,
    waitMs: 200,
    pollMs: 10,
  }
})

describe('signed URLs', () => {
  it('pass the check of the public key, and leave ours as it was', async () => {
    const { url, forwarded } = await serveDistribution(() => 200)
    const soon = new Date(Date.now() + 60_000)
    for (const expiresAt of [soon, null])
      expect((await fetch(signer(`${url}${photo}/thumb_200.auto${query}`, expiresAt))).status).toBe(200)
    expect(forwarded).toEqual(Array(2).fill(`${photo}/thumb_200.auto${query}`))
  })

  it('are one for a public image, so that browsers keep it', () => {
    const url = `https://img.example${photo}/thumb_200.webp`
    expect(/Expires=(\d+)/.exec(signer(url, null))![1]).toBe(String(Date.UTC(2100, 0, 1) / 1000))
  })

  it('are refused when changed or expired', async () => {
    const { url } = await serveDistribution(() => 200)
    const good = signer(`${url}${photo}/thumb_200.auto${query}`, new Date(Date.now() + 60_000))
    const expired = signer(`${url}${photo}/thumb_200.auto${query}`, new Date(Date.now() - 60_000))
    for (const bad of [good.replace('thumb_200', 'large_2048'), good.replace('a=4', 'a=5'), expired])
      expect((await fetch(bad)).status).toBe(403)
  })
})

describe('a purge', () => {
  it('invalidates the folders of its paths, and waits until that is complete', async () => {
    const api = await serveApi({ looks: 3 })
    const target = createCloudFront({ ...options, endpoint: api.url, waitMs: 5_000 })
    await target.purge([`${photo}/thumb_200.webp`, `${photo}/thumb_200.auto`])
    expect(api.created).toEqual([[`${photo}/*`]])
    target.close()
  })

  it('goes on waiting for what an earlier attempt gave up on', async () => {
    const api = await serveApi({ looks: 25 })
    const target = createCloudFront({ ...options, endpoint: api.url })
    const purge = () => target.purge([`${photo}/thumb_200.webp`])
    await expect(purge()).rejects.toMatchObject({ code: 'unavailable' })
    for (let tries = 0; tries < 5; tries++)
      if (
        await purge().then(
          () => true,
          () => false,
        )
      )
        break
    expect(api.created).toHaveLength(1)
    // What may have been cached since is another purge's.
    await purge().catch(() => undefined)
    expect(api.created).toHaveLength(2)
    target.close()
  })

  it('fails while CloudFront refuses more, and for what is no variant', async () => {
    const api = await serveApi({ status: 400 })
    const target = createCloudFront({ ...options, endpoint: api.url })
    await expect(target.purge([`${photo}/thumb_200.webp`])).rejects.toMatchObject({ code: 'unavailable' })
    await expect(target.purge(['/variants/../*'])).rejects.toThrow(RangeError)
    target.close()
  })
})

describe('the proof', () => {
  it('asks with signatures of its own, and believes refusals only', async () => {
    let status = 200
    const { url } = await serveDistribution(() => status)
    const target = createCloudFront({ ...options, url, signer })
    const ask = () => target.findServed([`https://img.example${photo}/thumb_200.auto${query}`])
    expect(await ask()).toEqual([{ path: `${photo}/thumb_200.auto`, status: 200 }])
    status = 404
    expect(await ask()).toEqual([])
    status = 503
    await expect(ask()).rejects.toMatchObject({ code: 'unavailable' })
    target.close()
  })
})
