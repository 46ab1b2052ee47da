import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFront } from './front.ts'

const path = '/variants/0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee/3/thumb_200.auto'

let server: Server
let url: string
let seen: { method: string; url: string; token: string | undefined }[]
/** What it holds of the path, by what it was asked with. */
let held: Set<string>
let purgeStatus: number
beforeEach(async () => {
  seen = []
  held = new Set()
  purgeStatus = 200
  server = createServer((request, response) => {
    const { method, headers } = request
    if (request.url!.startsWith('/purge')) {
      seen.push({ method: method!, url: request.url!, token: headers['x-token'] as string | undefined })
      return response.writeHead(purgeStatus).end()
    }
    const key = `${headers.accept} ${String(headers['save-data'] ?? 'off')}`
    response.writeHead(held.has(key) ? 200 : 403).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.close().closeAllConnections()
})

const front = (purgeUrl = `${url}/purge?path={path}`) =>
  createFront({
    url,
    purge: { method: 'POST', url: purgeUrl, header: { name: 'X-Token', value: 'let me' } },
    fetchTimeoutMs: 2_000,
  })

describe('a front CDN', () => {
  it('is purged of each path by a request of its own', async () => {
    await front().purge([path, path.replace('auto', 'webp')])
    await front(`${url}/purge/{url}`).purge([path])
    expect(seen).toEqual([
      { method: 'POST', url: `/purge?path=${path}`, token: 'let me' },
      { method: 'POST', url: `/purge?path=${path.replace('auto', 'webp')}`, token: 'let me' },
      { method: 'POST', url: `/purge/${url}${path}`, token: 'let me' },
    ])
  })

  it.each([500, 401, 302])('has not confirmed when it answers %s', async (status) => {
    purgeStatus = status
    await expect(front().purge([path])).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('has nothing to drop of what it does not hold', async () => {
    purgeStatus = 404
    expect(await front().purge([path])).toEqual([])
  })

  it.each(['image/avif,image/webp on', 'image/webp off', '*/* on'])(
    'has proven nothing while it holds a copy for: %s',
    async (key) => {
      held.add(key)
      const of = `https://img.example${path}?a=1&o=1.1&s=x`
      expect(await front().findServed([of])).toEqual([{ path, status: 200 }])
      held.clear()
      expect(await front().findServed([of])).toEqual([])
    },
  )
})
