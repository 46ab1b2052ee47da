import { connect, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '@temporalio/client'
import { photoUploadWorkflowId } from '../../../src/contracts/photo-upload.ts'
import { openTemporal } from '../../../src/infra/temporal/client.ts'
import { createOutbox } from '../../../src/services/delivery/outbox.ts'
import { eventually, openUploadWorld, silent, type UploadWorld } from '../../support/worlds/upload-world.ts'

let world: UploadWorld
let owner: string

beforeAll(async () => {
  world = await openUploadWorld()
  owner = await world.owner()
})
afterAll(() => world?.close())

const isStarted = (photoId: string) =>
  world.temporal.workflow
    .getHandle(photoUploadWorkflowId(photoId))
    .describe()
    .then(
      () => true,
      () => false,
    )

async function row(outboxId: string) {
  const [found] = await world.db.primary<{
    attempts: number
    parked_at: Date | null
    last_error: string | null
  }>({
    text: 'SELECT attempts, parked_at, last_error FROM outbox WHERE outbox_id = $1',
    values: [outboxId],
  })
  return found
}

/** The relay leaves young messages alone for some seconds. */
const age = (outboxId: string) =>
  world.db.primary({
    text: 'UPDATE outbox SET locked_until = now() WHERE outbox_id = $1',
    values: [outboxId],
  })

describe('the outbox', () => {
  it('delivers a message at once and forgets it', async () => {
    const upload = await world.openUpload(owner)
    await world.outbox.dispatch([upload.outboxId])
    expect(await isStarted(upload.photoId)).toBe(true)
    expect(await row(upload.outboxId)).toBeUndefined()
  })

  it('keeps messages while Temporal is down and relays them later', async () => {
    const link = await openLink(world.config.TEMPORAL_ADDRESS)
    const temporal = openTemporal({ address: link.address, namespace: world.config.TEMPORAL_NAMESPACE })
    const outbox = createOutbox({ db: world.db, temporal, logger: silent })
    await link.cut()
    const stopping = new AbortController()
    const relay = outbox.runRelay(stopping.signal)
    try {
      const upload = await world.openUpload(owner)
      const startedAt = performance.now()
      await outbox.dispatch([upload.outboxId])
      expect(performance.now() - startedAt).toBeLessThan(1_500)
      expect(await isStarted(upload.photoId)).toBe(false)

      await age(upload.outboxId)
      await eventually(async () => ((await row(upload.outboxId))?.attempts ?? 0) > 0)
      await eventually(async () => (await row(upload.outboxId))?.last_error)
      expect(await row(upload.outboxId)).toMatchObject({ parked_at: null })

      await link.mend()
      await eventually(async () => isStarted(upload.photoId), 40_000)
      await eventually(async () => (await row(upload.outboxId)) === undefined)
    } finally {
      stopping.abort()
      await relay
      await outbox.settled()
      await close(temporal)
      await link.cut()
    }
  })

  it('writes a hint down only while Temporal is down', async () => {
    const { photoId, ownerId, expiresAtMs } = await world.openUpload(owner)
    const hint = { kind: 'originalArrived', payload: { photoId, ownerId, expiresAtMs } } as const
    const owed = () =>
      world.db.primary<{ outbox_id: string }>({
        text: `SELECT outbox_id::text FROM outbox WHERE kind = 'originalArrived' AND payload ->> 'photoId' = $1`,
        values: [photoId],
      })
    const link = await openLink(world.config.TEMPORAL_ADDRESS)
    const temporal = openTemporal({ address: link.address, namespace: world.config.TEMPORAL_NAMESPACE })
    try {
      await link.cut()
      const outbox = createOutbox({ db: world.db, temporal, logger: silent })
      await outbox.hint(hint)
      await outbox.settled()
      expect([(await owed()).length, await isStarted(photoId)]).toEqual([1, false])
    } finally {
      await close(temporal)
      await link.cut()
    }
    await world.outbox.hint(hint)
    await world.outbox.settled()
    expect([(await owed()).length, await isStarted(photoId)]).toEqual([1, true])
  })

  it('answers before a slow Temporal has a message, and forgets it later', async () => {
    const link = await openLink(world.config.TEMPORAL_ADDRESS)
    const temporal = openTemporal({ address: link.address, namespace: world.config.TEMPORAL_NAMESPACE })
    const outbox = createOutbox({
      db: world.db,
      temporal,
      logger: silent,
      patienceMs: 50,
      deadlineMs: 60_000,
    })
    const owed = async (photoId: string) =>
      (
        await world.db.primary({
          text: `SELECT FROM outbox WHERE payload ->> 'photoId' = $1`,
          values: [photoId],
        })
      ).length
    try {
      const opened = await world.openUpload(owner)
      await temporal.connection.ensureConnected()
      link.hold()
      await outbox.dispatch([opened.outboxId])
      expect([await owed(opened.photoId), await isStarted(opened.photoId)]).toEqual([1, false])

      const hinted = await world.openUpload(owner)
      const { photoId, ownerId, expiresAtMs, outboxId } = hinted
      await world.db.primary({ text: 'DELETE FROM outbox WHERE outbox_id = $1', values: [outboxId] })
      await outbox.hint({ kind: 'originalArrived', payload: { photoId, ownerId, expiresAtMs } })
      expect([await owed(photoId), await isStarted(photoId)]).toEqual([1, false])

      link.release()
      for (const { photoId } of [opened, hinted]) {
        await eventually(() => isStarted(photoId))
        await eventually(async () => (await owed(photoId)) === 0)
      }
    } finally {
      link.release()
      await outbox.settled()
      await close(temporal)
      await link.cut()
    }
  })

  it('parks a message that can never succeed, with the reason', async () => {
    const [parked] = await world.db.primary<{ outbox_id: string }>({
      text: `INSERT INTO outbox (kind, payload) VALUES ('photoChanged', '{"photoId": "no such id"}')
        RETURNING outbox_id::text`,
    })
    const stopping = new AbortController()
    const relay = world.outbox.runRelay(stopping.signal)
    try {
      const found = await eventually(async () => {
        const current = await row(parked!.outbox_id)
        return current?.parked_at ? current : undefined
      })
      expect(found.last_error).toContain('payload.photoId')
      expect(found.attempts).toBe(1)
    } finally {
      stopping.abort()
      await relay
    }
  })

  it('sends each message once, however many relays share it', async () => {
    const uploads = await Promise.all(Array.from({ length: 20 }, () => world.openUpload(owner)))
    await Promise.all(uploads.map(({ outboxId }) => age(outboxId)))
    const stopping = new AbortController()
    const relays = [1, 2, 3].map(() => world.outbox.runRelay(stopping.signal))
    try {
      await eventually(async () => {
        const rows = await Promise.all(uploads.map(({ outboxId }) => row(outboxId)))
        return rows.every((found) => found === undefined)
      })
      for (const { photoId } of uploads) expect(await isStarted(photoId)).toBe(true)
    } finally {
      stopping.abort()
      await Promise.all(relays)
    }
  })
})

const close = (temporal: Client) => temporal.connection.close()

/** A TCP connection to a server that can be cut and restored, or held up, because the server is shared with other tests. */
async function openLink(target: string) {
  const [host, port] = target.split(':') as [string, string]
  const sockets = new Set<Socket>()
  const clients = new Set<Socket>()
  let server: Server | undefined
  let listeningOn = 0

  async function mend(): Promise<void> {
    server = createServer((inner) => {
      const outer = connect(Number(port), host)
      clients.add(inner)
      for (const socket of [inner, outer]) {
        sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => {
          sockets.delete(socket)
          clients.delete(inner)
          inner.destroy()
          outer.destroy()
        })
      }
      inner.pipe(outer).pipe(inner)
    })
    server.listen(listeningOn, '127.0.0.1')
    await once(server, 'listening')
    listeningOn = (server.address() as { port: number }).port
  }

  async function cut(): Promise<void> {
    if (!server) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
    server = undefined
  }

  await mend()
  return {
    address: `127.0.0.1:${listeningOn}`,
    mend,
    cut,
    /** What clients send waits. */
    hold: () => clients.forEach((socket) => socket.pause()),
    release: () => clients.forEach((socket) => socket.resume()),
  }
}
