import { describe, expect, it } from 'vitest'
import { command } from '../../bench/fanout-floor.ts'
import { summarise, type Look } from '../../bench/fanout-visible.ts'
import type { Timed } from '../../bench/load.ts'

function look(dueAt: number, shown: boolean, ms = 10): Timed<Look> {
  return { dueAt, ms, note: { shows: () => shown, times: 1 } }
}

describe('fanout-visible', () => {
  it('counts a photo as visible once few enough miss it', () => {
    // Published at 1000: every request misses until 1500, then one in ten of those at 1500 … 1590, then none.
    const answers: Timed<Look>[] = []
    for (let at = 900; at < 1_500; at += 10) answers.push(look(at, false))
    for (let at = 1_500; at < 1_600; at += 10) answers.push(look(at, at !== 1_550, 20))
    for (let at = 1_600; at <= 2_000; at += 10) answers.push(look(at, true))
    const sample = summarise(answers, 'photo', 1_000, 2_000)
    expect(sample.lastMissMs).toBe(570)
    expect(sample.visibleP99).toBe(580)
    expect(sample.visibleP50).toBeLessThan(500)
    expect(sample.reads).toBe(101)
    expect(sample.getP99).toBe(20)
  })

  it('counts it as visible at once when nobody misses it', () => {
    const sample = summarise([look(1_000, true), look(1_100, true)], 'photo', 1_000, 1_200)
    expect(sample).toMatchObject({ visibleP99: 10, lastMissMs: 0 })
  })
})

describe('the floor of fanout', () => {
  it('writes commands as Redis reads them', () => {
    expect(command('ZADD', 'k', Buffer.from([0, 255])).toString('latin1')).toBe(
      '*3\r\n$4\r\nZADD\r\n$1\r\nk\r\n$2\r\n\x00\xff\r\n',
    )
  })
})
