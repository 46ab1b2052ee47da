import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findStaleness } from './packages.mjs'

let checkout: string

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'darkroom-checkout-'))
  const packages = { 'node_modules/koa': { version: '3.0.0' } }
  const optional = { 'node_modules/other-platform': { version: '1.0.0', optional: true } }
  write('package-lock.json', { packages: { '': { name: 'darkroom' }, ...packages, ...optional } })
  write('node_modules/.package-lock.json', { packages })
  write('node_modules/koa/package.json', {})
  write('node_modules/.bin/node', {})
})

afterEach(() => rmSync(checkout, { recursive: true, force: true }))

it('accepts an install of what package-lock.json says, made by hand or not', () => {
  expect(findStaleness(checkout)).toBeUndefined()
})

it('wants an install when there is none', () => {
  rmSync(join(checkout, 'node_modules'), { recursive: true })
  expect(findStaleness(checkout)).toBe('none are there yet')
})

it('notices an install that was cut short', () => {
  rmSync(join(checkout, 'node_modules/.package-lock.json'))
  expect(findStaleness(checkout)).toBe('a half install was found')
})

it('notices a package that is gone', () => {
  rmSync(join(checkout, 'node_modules/koa'), { recursive: true })
  expect(findStaleness(checkout)).toBe('node_modules/koa is missing')
})

it('notices another version in package-lock.json', () => {
  write('package-lock.json', { packages: { 'node_modules/koa': { version: '3.1.0' } } })
  expect(findStaleness(checkout)).toContain('node_modules/koa is not of the version')
})

function write(name: string, content: unknown): void {
  mkdirSync(join(checkout, name, '..'), { recursive: true })
  writeFileSync(join(checkout, name), JSON.stringify(content))
}
