import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../../src/config/config.ts'
import { storageOf } from '../../../src/infra/s3/storage-of.ts'
import { openArchive, type Archive } from '../../../src/infra/s3/archive.ts'
import { openGlacierProxy, type GlacierProxy } from '../../support/servers/glacier-proxy.ts'

let proxy: GlacierProxy
let archive: Archive

beforeAll(async () => {
  const config = loadConfig(process.env)
  proxy = await openGlacierProxy(config.S3_ENDPOINT)
  archive = openArchive({
    ...storageOf(config),
    endpoint: proxy.url,
    publicEndpoint: proxy.url,
    bucket: config.S3_COLD_BUCKET!,
    storageClass: 'GLACIER',
    restoreTier: 'Standard',
    restoredDays: 7,
  })
})
afterAll(async () => {
  archive?.close()
  await proxy?.close()
})

describe('a class that has to be restored', () => {
  const body = randomBytes(300_000)
  const contents = { bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') }
  const source = () => ({ body: Readable.from([body]), bytes: body.length })
  const key = `cold/${randomUUID()}`

  it('keeps what it was given, verified by the checksum that the storage has', async () => {
    await archive.store(key, source(), contents)
    expect(await archive.verify(key, contents)).toBe(true)
    const other = createHash('sha256').update('other').digest('hex')
    expect(await archive.verify(key, { ...contents, sha256: other })).toBe(false)
    expect(await archive.verify(key, { ...contents, bytes: 1 })).toBe(false)
  })

  it('refuses bytes that are not those that were recorded', async () => {
    const bytes = { ...contents, sha256: createHash('sha256').update('other').digest('hex') }
    const refused = `cold/${randomUUID()}`
    await expect(archive.store(refused, source(), bytes)).rejects.toMatchObject({
      name: 'ContentsDifferError',
    })
    await expect(archive.verify(refused, contents)).rejects.toMatchObject({ name: 'ObjectMissingError' })
  })

  it('is asked for it once, waited for, and then read', async () => {
    expect(archive.isReadable).toBe(false)
    expect(archive.restoreMs).toBe(5 * 60 * 60 * 1000)
    await expect(archive.read(key)).rejects.toMatchObject({ name: 'InvalidObjectState' })
    expect(await archive.restore(key)).toBe('restoring')
    expect(await archive.restore(key)).toBe('restoring')
    expect(proxy.requests).toHaveLength(1)
    proxy.finishRestores()
    expect(await archive.restore(key)).toBe('readable')
    expect(await buffer((await archive.read(key)).body)).toEqual(body)
    await archive.delete([key])
    await expect(archive.restore(key)).rejects.toMatchObject({ name: 'ObjectMissingError' })
  })
})
