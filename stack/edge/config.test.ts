import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renderEdgeConfig, type EdgeOptions } from './config.ts'

let directory: string
const options = (): EdgeOptions => ({
  directory,
  listenPort: 8080,
  adminPort: 8081,
  origin: {
    endpoint: 'http://127.0.0.1:8333',
    region: 'us-east-1',
    bucket: 'photos',
    accessKeyId: 'edge-key-id',
    secretAccessKey: 'edge-secret-that-stays-out',
  },
  signingKey: 'signing-key-that-stays-out',
  purgeToken: 'purge-token-that-stays-out',
})
const rendered = () => readFile(join(directory, 'nginx.conf'), 'utf8')

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'darkroom-edge-config-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

describe('renderEdgeConfig', () => {
  it('fills every placeholder and keeps secrets in a private file', async () => {
    await renderEdgeConfig(options())
    const config = await rendered()
    expect(config).not.toContain('{{')
    expect(config).not.toContain('stays-out')
    expect((await stat(join(directory, 'settings.json'))).mode & 0o777).toBe(0o600)
  })

  it('listens on loopback unless told otherwise, and reaches itself there', async () => {
    await renderEdgeConfig(options())
    expect(await rendered()).toContain('listen 127.0.0.1:8080;')
    expect(await rendered()).toContain('listen 127.0.0.1:8081;')
    await renderEdgeConfig({ ...options(), listenHost: '0.0.0.0', adminHost: '0.0.0.0' })
    expect(await rendered()).toContain('listen 0.0.0.0:8080;')
    expect(await rendered()).toContain('server 127.0.0.1:8081 max_fails=0;')
  })

  it('verifies the certificate of an https origin', async () => {
    await renderEdgeConfig({
      ...options(),
      origin: { ...options().origin, endpoint: 'https://s3.example.org' },
    })
    const config = (await rendered()) + (await readFile(join(directory, 'object.conf'), 'utf8'))
    expect(config).toContain('proxy_pass https://origin/photos$edge_object;')
    expect(config).toContain('server s3.example.org:443 max_fails=0;')
    expect(config).toContain('proxy_ssl_verify on;')
    expect(config).toContain('proxy_ssl_name s3.example.org;')
  })

  it.each<[string, Partial<EdgeOptions>]>([
    ['a path that ends its directive', { cacheDirectory: 'x"; include /etc/passwd; #' }],
    ['a path with a variable', { accessLogPath: '/var/log/$arg_a' }],
    ['a host with a space', { listenHost: '127.0.0.1 ssl' }],
    ['a port that is none', { listenPort: Number.NaN }],
    ['administration where clients are', { adminPort: 8080 }],
    ['a network that ends its directive', { unlimitedFrom: ['10.0.0.0/8 1; } #'] }],
    ['no signing key', { signingKey: '' }],
    ['a short purge token', { purgeToken: 'short' }],
    ['an endpoint with a path', { origin: { ...options().origin, endpoint: 'http://h/path' } }],
    ['an endpoint of another scheme', { origin: { ...options().origin, endpoint: 'file:///x' } }],
    ['a bucket with a path', { origin: { ...options().origin, bucket: 'photos/../other' } }],
  ])('refuses %s', async (_, wrong) => {
    await expect(renderEdgeConfig({ ...options(), ...wrong })).rejects.toThrow(RangeError)
  })
})
