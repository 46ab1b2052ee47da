import type { LookupAddress } from 'node:dns'
import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startHttpsServer, type HttpsServer } from '../../../test/support/servers/https-server.ts'
import type { ResolveAll } from './public-address.ts'
import { createUserUrls } from './user-urls.ts'

let server: HttpsServer
let port: number

beforeAll(async () => {
  server = await startHttpsServer()
  port = Number(new URL(server.url).port)
})
afterAll(() => server.close())
beforeEach(() => {
  server.received.length = 0
  server.answer = (response) => void response.writeHead(204).end()
})

const LOOPBACK = ['127.0.0.0/8']
/** Each question gets the next answer, and the last one again and again. */
const resolvingTo = (...answers: string[][]): ResolveAll => {
  const rest = [...answers]
  return (_name, _options, callback) => {
    const addresses = rest.length > 1 ? rest.shift()! : rest[0]!
    const found = addresses.map((address): LookupAddress => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }))
    setImmediate(() => callback(null, found))
  }
}
const nowhere: ResolveAll = (_name, _options, callback) =>
  setImmediate(() => callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []))

const urls = (options: Partial<Parameters<typeof createUserUrls>[0]> = {}) =>
  createUserUrls({ networks: [], ports: [443, port], resolveAll: resolvingTo(['127.0.0.1']), ...options })
const inside = (options: Partial<Parameters<typeof createUserUrls>[0]> = {}) =>
  urls({ networks: LOOPBACK, ...options })
const post = (made: ReturnType<typeof urls>, url: string, signal?: AbortSignal) =>
  made.post({ url: new URL(url), headers: { 'X-Test': 'yes' }, body: Buffer.from('{}'), signal })
const onPort = (host: string) => `https://${host}:${port}/hook`

describe('an address that a user gives', () => {
  it.each([
    'https://127.0.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://[::10.0.0.1]/',
    'https://[fd00:ec2::254]/',
    'https://100.64.0.1/',
    'https://0.0.0.0/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://１２７.0.0.1/',
  ])('is refused: %s', async (url) => {
    expect(await urls().refusalOf(new URL(url))).toBe('address')
    expect(await post(urls(), url)).toEqual({ failure: 'blocked_address' })
  })

  it('is refused if its name leads inside, in part, or nowhere', async () => {
    const url = new URL('https://hooks.example/')
    for (const addresses of [['10.0.0.1'], ['93.184.216.34', '::ffff:169.254.169.254'], []])
      expect(await urls({ resolveAll: resolvingTo(addresses) }).refusalOf(url)).toBe('address')
    expect(await urls({ resolveAll: nowhere }).refusalOf(url)).toBe('address')
    expect(await urls({ resolveAll: resolvingTo(['93.184.216.34']) }).refusalOf(url)).toBeUndefined()
  })

  it.each([
    ['http://hooks.example/', 'scheme'],
    ['ftp://hooks.example/', 'scheme'],
    ['https://user@hooks.example/', 'credentials'],
    ['https://:secret@hooks.example/', 'credentials'],
    ['https://hooks.example:22/', 'port'],
  ])('is refused for its form: %s', async (url, refusal) => {
    expect(await urls({ resolveAll: resolvingTo(['93.184.216.34']) }).refusalOf(new URL(url))).toBe(refusal)
    expect(await post(inside(), url)).toEqual({ failure: 'blocked_address' })
  })
})

describe('a request', () => {
  it('arrives, and brings the status and the beginning of the answer', async () => {
    server.answer = (response) => void response.writeHead(201).end(`ok\n\u0000${'x'.repeat(5_000)}`)
    const outcome = await post(inside(), onPort('127.0.0.1'))
    expect(outcome).toMatchObject({ status: 201 })
    expect((outcome as { excerpt: string }).excerpt).toMatch(/^ok x{100,197}$/)
    expect(server.received).toMatchObject([{ method: 'POST', path: '/hook', headers: { 'x-test': 'yes' } }])
  })

  it('follows no redirect', async () => {
    server.answer = (response) => void response.writeHead(302, { Location: onPort('127.0.0.1') }).end()
    expect(await post(inside(), onPort('127.0.0.1'))).toMatchObject({ status: 302 })
    expect(server.received).toHaveLength(1)
  })

  it('goes to the address that was judged, whatever the name says next', async () => {
    // The name leads outside when it is given, and inside when it is posted to.
    const rebinding = urls({ resolveAll: resolvingTo(['93.184.216.34'], ['127.0.0.1']) })
    expect(await rebinding.refusalOf(new URL(onPort('localhost')))).toBeUndefined()
    expect(await post(rebinding, onPort('localhost'))).toEqual({ failure: 'blocked_address' })
    expect(server.received).toHaveLength(0)
  })

  it('asks for the name once for each connection', async () => {
    let asked = 0
    const counting: ResolveAll = (...question) => {
      asked++
      resolvingTo(['127.0.0.1'])(...question)
    }
    const made = inside({ resolveAll: counting })
    expect(await post(made, onPort('localhost'))).toMatchObject({ status: 204 })
    expect(await post(made, onPort('localhost'))).toMatchObject({ status: 204 })
    expect(asked).toBe(2)
  })

  it('is not sent to a server whose certificate is of another name', async () => {
    expect(await post(inside(), onPort('hooks.example'))).toEqual({ failure: 'tls' })
    expect(server.received).toHaveLength(0)
  })

  it.each([
    ['does not answer', () => undefined],
    ['answers in part', (response: ServerResponse) => void response.writeHead(200).write('{')],
  ])('ends in time if the other side %s', async (_what, answer) => {
    server.answer = answer
    const outcome = await post(inside({ timeoutMs: 200 }), onPort('127.0.0.1'))
    expect([{ failure: 'timeout' }, { status: 200, excerpt: '{' }]).toContainEqual(outcome)
  })

  it('does not read an answer to its end', async () => {
    let isClosed = false
    server.answer = (response) => {
      response.on('close', () => (isClosed = true))
      const more = () => !response.destroyed && response.write('x'.repeat(16_384), () => setImmediate(more))
      more()
    }
    expect(await post(inside(), onPort('127.0.0.1'))).toMatchObject({ status: 200 })
    await expect.poll(() => isClosed).toBe(true)
  })

  it('says why there was no answer', async () => {
    expect(await post(inside({ resolveAll: nowhere }), onPort('hooks.example'))).toEqual({
      failure: 'unresolved',
    })
    server.answer = (response) => response.destroy()
    expect(await post(inside(), onPort('127.0.0.1'))).toEqual({ failure: 'connection_failed' })
    const closed = inside({ ports: [1] })
    expect(await post(closed, 'https://127.0.0.1:1/')).toEqual({ failure: 'connection_refused' })
  })

  it('ends when it is told to', async () => {
    server.answer = () => undefined
    const stop = new AbortController()
    const sent = post(inside(), onPort('127.0.0.1'), stop.signal)
    stop.abort(new Error('stopped'))
    await expect(sent).rejects.toThrow('stopped')
  })
})
