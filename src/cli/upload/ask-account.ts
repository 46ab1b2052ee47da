import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import type { abortOnInterrupt } from '../exit.ts'
import type { Account } from './client.ts'

/** From the options, the environment, or who sits at the terminal. */
export async function askAccount(
  { user }: { user?: string },
  { signal, interrupt }: ReturnType<typeof abortOnInterrupt>,
): Promise<Account> {
  const token = process.env.DARKROOM_TOKEN
  if (token !== undefined && user === undefined) return { token }
  const username = user ?? process.env.DARKROOM_USER
  const password = process.env.DARKROOM_PASSWORD
  if (username !== undefined && password !== undefined) return { username, password }
  if (!process.stdin.isTTY)
    throw new Error(
      'set DARKROOM_TOKEN, or DARKROOM_PASSWORD and --user or DARKROOM_USER: there is no terminal to ask at',
    )
  let isSecret = false
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (!isSecret) process.stderr.write(chunk as Buffer)
      done()
    },
  })
  const terminal = createInterface({ input: process.stdin, output, terminal: true })
  // The terminal hands Ctrl-C to whoever reads from it, and says with Ctrl-D that nothing comes.
  terminal.once('SIGINT', interrupt).once('close', interrupt)
  try {
    const given = username ?? (await terminal.question('User name: ', { signal }))
    process.stderr.write(`Password of ${given}: `)
    isSecret = true
    const secret = password ?? (await terminal.question('', { signal }))
    process.stderr.write('\n')
    return { username: given, password: secret }
  } finally {
    terminal.off('close', interrupt).close()
  }
}
