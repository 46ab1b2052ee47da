import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ensurePackages, findStaleness } from './packages.mjs'

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

it('refuses to install through a link, whose target npm would empty', async () => {
  const target = join(checkout, 'of-another-checkout')
  renameSync(join(checkout, 'node_modules'), target)
  symlinkSync(target, join(checkout, 'node_modules'))
  write('package-lock.json', { packages: { 'node_modules/koa': { version: '3.1.0' } } })
  await expect(ensurePackages(checkout)).rejects.toThrow(`node_modules is a link to ${target}`)
  expect(existsSync(join(target, 'koa', 'package.json'))).toBe(true)
})

function write(name: string, content: unknown): void {
  mkdirSync(join(checkout, name, '..'), { recursive: true })
  writeFileSync(join(checkout, name), JSON.stringify(content))
}
