import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findProblems } from './checks.mjs'

let machine: string
let env: Record<string, string>

/** A machine that has everything: programs that only need to be there, and a Python that answers. */
beforeEach(() => {
  machine = mkdtempSync(join(tmpdir(), 'darkroom-machine-'))
  for (const folder of ['bin', 'home', 'checkout']) mkdirSync(join(machine, folder))
  for (const name of ['npm', 'mvn', 'java', 'tar', 'gzip', 'setpriv', 'unshare', 'valkey-server'])
    program(name, 'exit 0')
  program('python3', 'echo 3 11; echo 23.0.1')
  env = { PATH: join(machine, 'bin'), HOME: join(machine, 'home') }
})

afterEach(() => rmSync(machine, { recursive: true, force: true }))

it('finds nothing wrong with a machine that has everything', () => {
  expect(problems()).toEqual([])
})

it.each([
  ['npm', /^npm is missing: apt-get install npm$/],
  ['mvn', /^Maven \(mvn\) is missing: apt-get install maven$/],
  ['java', /^Java, which Maven runs on, is missing: apt-get install/],
  ['python3', /^Python 3 is missing: apt-get install python3 python3-pip$/],
  ['setpriv', /^setpriv or unshare is missing: apt-get install util-linux$/],
])('names %s when it is missing, in one line with the way to get it', (name, line) => {
  rmSync(join(machine, 'bin', name))
  expect(problems()).toEqual([expect.stringMatching(line)])
})

it('names pip when Python lacks it', () => {
  program('python3', 'echo 3 11; exit 1')
  expect(problems()).toEqual(['pip is missing for python3: apt-get install python3-pip'])
})

it('names a Python that is too old', () => {
  program('python3', 'echo 3 8; echo 23.0.1')
  expect(problems()).toEqual(['Python 3.9 or newer is needed, python3 is 3.8: apt-get install python3'])
})

it.each(['/proc/no-such-home', '/dev/null'])('names a HOME that is no folder (%s)', (home) => {
  env.HOME = home
  expect(problems()).toEqual([
    expect.stringContaining(`HOME (${home}) is not a folder that you can write to`),
  ])
})

it('names several problems at once', () => {
  rmSync(join(machine, 'bin', 'mvn'))
  rmSync(join(machine, 'bin', 'npm'))
  expect(problems()).toHaveLength(2)
})

function problems(): string[] {
  return findProblems(join(machine, 'checkout'), env)
}

function program(name: string, script: string): void {
  const file = join(machine, 'bin', name)
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
}
