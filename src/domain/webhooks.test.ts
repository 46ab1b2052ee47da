import { describe, expect, it } from 'vitest'
import { NOTIFICATION_KINDS } from './notifications.ts'
import { SECURITY_EVENT_KINDS } from './security-events.ts'
import { DELIVERY_HOURS, EVENT_OF_NOTIFICATION, retryAfterMs, WEBHOOK_EVENTS } from './webhooks.ts'

describe('the events of webhooks', () => {
  it('are named once each, by what happened to what', () => {
    expect(new Set(WEBHOOK_EVENTS).size).toBe(WEBHOOK_EVENTS.length)
    for (const event of WEBHOOK_EVENTS) expect(event).toMatch(/^[a-z_]+\.[a-z_]+$/)
  })

  it('tell of all that accounts are told of, but not of webhooks themselves', () => {
    const told = Object.keys(EVENT_OF_NOTIFICATION)
    expect(NOTIFICATION_KINDS.filter((kind) => !told.includes(kind)).sort()).toEqual([
      'security',
      'webhook_disabled',
    ])
    for (const kind of SECURITY_EVENT_KINDS) expect(WEBHOOK_EVENTS).toContain(`security.${kind}`)
  })
})

describe('retries', () => {
  it('begin within seconds, grow apart and end after a day', () => {
    const waits: number[] = []
    let age = 0
    for (;;) {
      const wait = retryAfterMs(waits.length + 1, age, 0.5)
      if (wait === undefined) break
      waits.push(wait)
      age += wait
    }
    expect(waits.slice(0, 3)).toEqual([5_000, 30_000, 120_000])
    expect(waits).toEqual([...waits].sort((a, b) => a - b))
    expect(waits.length).toBeGreaterThanOrEqual(9)
    expect(age).toBeLessThanOrEqual(DELIVERY_HOURS * 3_600_000)
    expect(age).toBeGreaterThan(18 * 3_600_000)
  })

  it('are spread by a tenth', () => {
    expect(retryAfterMs(1, 0, 0)).toBe(4_500)
    expect(retryAfterMs(1, 0, 1)).toBe(5_500)
  })

  it('give up what has waited for a day', () => {
    expect(retryAfterMs(1, 24 * 3_600_000, 0.5)).toBeUndefined()
  })
})
