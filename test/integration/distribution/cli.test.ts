import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { UserId } from '../../../src/domain/ids.ts'
import {
  openCelebrityWorld,
  untilProgress,
  type CelebrityWorld,
} from '../../support/worlds/celebrity-world.ts'
import { eventually } from '../../support/worlds/upload-world.ts'

const FOLLOWERS = 60

describe('darkroom fanout', () => {
  let world: CelebrityWorld
  let author: UserId

  beforeAll(async () => {
    // No worker takes the shards.
    world = await openCelebrityWorld({}, ['orchestration', 'fanout'])
    author = await world.author()
    await world.addFollowers(author, FOLLOWERS)
  })
  afterAll(() => world?.close())

  /** The command line as an operator runs it. */
  function darkroom(args: string[], env: Record<string, string> = {}) {
    const { TEMPORAL_NAMESPACE } = world.upload.config
    const child = spawn(process.execPath, ['src/cli/darkroom.ts', 'fanout', ...args], {
      env: { ...process.env, TEMPORAL_NAMESPACE, ...env },
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const errors = text(child.stderr)
    const exit = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)))
    return { child, exit, errors, output: () => output }
  }

  it('reports that Temporal does not answer, instead of waiting for it', async () => {
    const command = darkroom([randomUUID()], { TEMPORAL_ADDRESS: '127.0.0.1:1' })
    expect(await command.exit).toBe(1)
    expect(await command.errors).toContain('Temporal does not answer at 127.0.0.1:1: ')
  })

  it('reports what a request waits for and how the fanout ended', async () => {
    await world.stopWorker('fanout')
    const run = await world.reconcile(await world.publish(author), author)
    const photoId = run.handle.workflowId.split('/')[1]!
    const pausing = darkroom([photoId, '--pause'])
    await eventually(async () =>
      pausing.output().includes('waiting for a worker of the queue fanout to plan'),
    )
    await run.handle.terminate()
    expect(await pausing.exit).toBe(0)
    expect(pausing.output()).toContain('it has ended before: terminated at')
    await world.startWorker('fanout')
  })

  it('cancels without waiting for a worker of unstarted shards', async () => {
    const photoId = await world.publish(author)
    const run = await world.reconcile(photoId, author)
    await untilProgress(run, ({ state }) => state === 'pushing')
    const cancelling = darkroom([photoId, '--cancel'])
    expect(await cancelling.exit).toBe(0)
    expect(cancelling.output()).toMatch(/cancelled at .*: 0 of 60 followers, 0 feeds/)
    expect(await world.isInFlight(photoId)).toBe(true)
  })

  it('leaves the fanout running when watching stops', async () => {
    const photoId = await world.publish(author)
    const run = await world.reconcile(photoId, author)
    await untilProgress(run, ({ state }) => state === 'pushing')
    const watching = darkroom([photoId])
    await eventually(async () => watching.output().includes('pushing: 0 of 60'))
    watching.child.kill('SIGINT')
    expect(await watching.exit).toBe(130)
    expect(watching.output()).toContain('the fanout goes on')
    expect((await run.handle.describe()).status.name).toBe('RUNNING')
    await run.handle.terminate()
  })
})
