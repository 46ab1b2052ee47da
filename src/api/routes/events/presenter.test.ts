import { expect, it } from 'vitest'
import type { StreamItem } from '../../../services/events/streams.ts'
import { presentStream } from './presenter.ts'

async function written(...items: StreamItem[]): Promise<string[]> {
  async function* source() {
    yield* items
  }
  const texts: string[] = []
  for await (const text of presentStream(source())) texts.push(text)
  return texts
}

it('a stream is written as the specification reads it', async () => {
  const [retry, ...texts] = await written(
    { kind: 'ready', id: 'a' },
    { kind: 'event', id: 'b', type: 'unread', data: '{"count":3}' },
    { kind: 'reset', id: 'c' },
    { kind: 'quiet' },
    { kind: 'renew' },
  )
  const [, ms] = /^retry: (\d+)\n\n$/.exec(retry!)!
  expect(Number(ms)).toBeGreaterThanOrEqual(1_000)
  expect(Number(ms)).toBeLessThan(5_000)
  expect(texts).toEqual([
    'id: a\nevent: ready\ndata: {}\n\n',
    'id: b\nevent: unread\ndata: {"count":3}\n\n',
    'id: c\nevent: reset\ndata: {}\n\n',
    ':\n\n',
    'event: renew\ndata: {}\n\n',
  ])
})
