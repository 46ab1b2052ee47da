import { describe, expect, it } from 'vitest'
import { formatTakenAt, parseTakenAt } from './taken-at.ts'

const now = new Date('2026-03-01T12:00:00Z')

describe('the time when a photo was taken', () => {
  it.each([
    ['2024-05-01T12:34:56', '2024-05-01T12:34:56', null],
    ['2024-05-01T12:34', '2024-05-01T12:34:00', null],
    ['2024-05-01T12:34:56.789+05:30', '2024-05-01T12:34:56', 330],
    ['2024-02-29T00:00:00-03:30', '2024-02-29T00:00:00', -210],
    ['1826-01-01T00:00:00Z', '1826-01-01T00:00:00', 0],
    ['2026-03-02T11:59:59', '2026-03-02T11:59:59', null],
  ])('is read from %s', (text, local, offsetMinutes) => {
    expect(parseTakenAt(text, now)).toEqual({ local, offsetMinutes })
  })

  it.each([
    '2023-02-29T12:00:00',
    '0000-00-00T00:00:00',
    '2024-08-19T24:08:19',
    '0840-01-01T00:00:00',
    '12024-01-01T00:00:00',
    '2024-05-01',
    '2024-05-01T12:34:56+15:00',
    '2024-05-01T12:34:56+0200',
    '2026-03-02T12:00:01',
    '',
  ])('is none in %j', (text) => {
    expect(parseTakenAt(text, now)).toBeUndefined()
  })

  it.each(['2024-05-01T12:34:56', '2024-05-01T12:34:56+05:30', '2024-05-01T12:34:56-03:30'])(
    'is written as %s again',
    (text) => {
      expect(formatTakenAt(parseTakenAt(text, now)!)).toBe(text)
    },
  )
})
