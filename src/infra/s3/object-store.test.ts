import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { openObjectStore, type ObjectStore } from './object-store.ts'

describe('the object store, with a storage that falls silent', () => {
  let server: Server
  let objects: ObjectStore
  afterEach(() => {
    objects.close()
    server.close()
    server.closeAllConnections()
  })

  async function open(answer: RequestListener): Promise<void> {
    server = createServer(answer).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const keys = { accessKeyId: 'id', secretAccessKey: 'secret' }
    const timeouts = { answerMs: 100, silenceMs: 100 }
    objects = openObjectStore({
      endpoint,
      publicEndpoint: endpoint,
      region: 'r',
      bucket: 'b',
      ...keys,
      timeouts,
    })
  }

  it('gives up on a request without an answer', async () => {
    await open(() => {})
    await expect(objects.head('incoming/1')).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  it('gives up on a download that stalls', async () => {
    await open((_request, response) => {
      response.writeHead(200, { 'Content-Length': '1000' })
      response.write('a part of it')
    })
    const { body } = await objects.read('originals/1')
    await expect(body.toArray()).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})
