import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { runDarkroom } from '../../test/support/servers/cli-processes.ts'
import { EXIT } from './exit.ts'

const PHOTO = '01890000-0000-7000-8000-000000000000'

const run = (line: string) => runDarkroom(line.split(' ').filter(Boolean)).ended

describe('darkroom', () => {
  it.each([
    '',
    'develop',
    '--verbose',
    'migrate everything',
    'migrate --down',
    'fanout',
    'fanout photo',
    `fanout ${PHOTO} --pause --cancel`,
    'media',
    'media cold-storage --status --pause',
    'media re-encode --canary 101',
    'media re-encode --rate 0',
    'media re-encode --size thumb_201',
    'upload . --parallel all',
    'upload . --visibility everyone',
    'upload . --server photos.example',
  ])('ends with 2 and its usage on stderr: %s', async (line) => {
    const ended = await run(line)
    expect(ended).toMatchObject({ code: EXIT.usage, stdout: '' })
    expect(ended.stderr).toContain('Usage: darkroom')
  })

  it.each(['upload /nowhere', 'migrate', `fanout ${PHOTO}`, 'media cold-storage', 'media re-encode'])(
    'ends with 1 and the reason for what fails: %s',
    async (line) => {
      const ended = await run(line)
      expect(ended).toMatchObject({ code: EXIT.failed, stdout: '' })
      expect(ended.stderr).toMatch(/^darkroom: \w/m)
      expect(ended.stderr).not.toContain('Usage:')
    },
  )

  it.each(['--help', 'help upload', 'media re-encode --help'])('tells its exit codes: %s', async (line) => {
    const ended = await run(line)
    expect(ended).toMatchObject({ code: EXIT.done, stderr: '' })
    expect(ended.stdout).toContain('Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 130 interrupted.')
  })
})

describe('an interruption', () => {
  /** A command that does not listen to its signal. */
  function start(listen: string) {
    const code = `
      import { abortOnInterrupt, endOnInterrupt, onInterrupt } from './src/cli/exit.ts'
      const say = (text) => process.stdout.write(text + '\\n')
      endOnInterrupt()
      ${listen}
      setInterval(() => {}, 1_000)
      say('ready')`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const said = () => once(child.stdout, 'data').then(([chunk]) => String(chunk).trim())
    return { child, said, ended: once(child, 'close').then(([exitCode]) => exitCode as number) }
  }

  it.each(['SIGINT', 'SIGTERM'] as const)('by %s ends a command with 130', async (signal) => {
    const { child, said, ended } = start('')
    await said()
    child.kill(signal)
    expect(await ended).toBe(EXIT.interrupted)
  })

  it('aborts what can be aborted, and a second one ends it at once', async () => {
    const { child, said, ended } = start(
      `abortOnInterrupt().signal.addEventListener('abort', () => setTimeout(() => say('still there'), 500))`,
    )
    await said()
    const later = said()
    // As npm and the terminal deliver one Ctrl-C.
    child.kill('SIGINT')
    child.kill('SIGTERM')
    expect(await later).toBe('still there')
    child.kill('SIGINT')
    expect(await ended).toBe(EXIT.interrupted)
  })

  it('ends a command again once nothing else listens', async () => {
    const { child, said, ended } = start('onInterrupt(() => say("held"))()')
    expect(await said()).toBe('ready')
    child.kill('SIGINT')
    expect(await ended).toBe(EXIT.interrupted)
  })
})
