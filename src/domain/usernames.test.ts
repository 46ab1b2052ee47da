import { expect, it } from 'vitest'
import { isReservedUsername, usernameSkeleton } from './usernames.ts'

it.each([
  'me',
  'ME',
  'M.e',
  'admin',
  'ADMIN',
  'Ad_min',
  'adrnin',
  'darkroom',
  'darkr00rn',
  'he1p',
  'heIp',
  'sup-port',
])('%s is reserved', (username) => {
  expect(isReservedUsername(username)).toBe(true)
})

it.each(['meg', 'ada', 'admiral', 'my-darkroom', 'root66'])('%s is free', (username) => {
  expect(isReservedUsername(username)).toBe(false)
})

it.each([
  ['paypal', 'paypa1'],
  ['paypal', 'PaypaI'],
  ['bob', 'b0b'],
  ['BOB', 'b0b'],
  ['Mary', 'rnary'],
  ['tom-1', 'torn-l'],
])('%s looks like %s', (one, other) => {
  expect(usernameSkeleton(other)).toBe(usernameSkeleton(one))
})

it.each([
  ['ida', 'lda'],
  ['ada', 'ad.a'],
  ['ann', 'am'],
])('%s does not look like %s', (one, other) => {
  expect(usernameSkeleton(other)).not.toBe(usernameSkeleton(one))
})
