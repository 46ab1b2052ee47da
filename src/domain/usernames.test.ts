import { expect, it } from 'vitest'
import { isReservedUsername } from './usernames.ts'

it.each(['me', 'ME', 'M.e', 'admin', 'Ad_min', 'darkroom', 'sup-port-'])('%s is reserved', (username) => {
  expect(isReservedUsername(username)).toBe(true)
})

it.each(['meg', 'ada', 'admiral', 'my-darkroom', 'root66'])('%s is free', (username) => {
  expect(isReservedUsername(username)).toBe(false)
})
