import { expect, it } from 'vitest'
import type { StreamItem } from '../../../services/events/streams.ts'
import { presentItem, presentRetry } from './presenter.ts'

it('an item is written as the specification reads it', () => {
  const cases: [StreamItem, string][] = [
    [{ kind: 'ready', id: 'a' }, 'id: a\nevent: ready\ndata: {}\n\n'],
    [
      { kind: 'event', id: 'b', type: 'unread', data: '{"count":3}' },
      'id: b\nevent: unread\ndata: {"count":3}\n\n',
    ],
    [{ kind: 'reset', id: 'c' }, 'id: c\nevent: reset\ndata: {}\n\n'],
    [{ kind: 'quiet' }, ':\n\n'],
    [{ kind: 'renew' }, 'event: renew\ndata: {}\n\n'],
  ]
  for (const [item, text] of cases) expect(presentItem(item)).toBe(text)
})

it('browsers that lose a process come back over some seconds', () => {
  const times = Array.from({ length: 200 }, () => Number(/^retry: (\d+)\n\n$/.exec(presentRetry())![1]))
  expect(Math.min(...times)).toBeGreaterThanOrEqual(1_000)
  expect(Math.max(...times)).toBeLessThan(5_000)
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(1_000)
})
