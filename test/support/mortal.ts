/** A process dies before or after its nth call to a server; 0: it lives. */
export interface Death {
  at: number
  isDone: boolean
}

export class Killed extends Error {}

/** The clients of one process that dies as told: from then on no call reaches a server. */
export function mortals<Clients extends Record<string, object>>(
  clients: Clients,
  { at, isDone }: Death,
): Clients & { hasDied: () => boolean } {
  let calls = 0
  let isDead = false
  const dying = <Client extends object>(client: Client): Client =>
    new Proxy(client, {
      get(_, name) {
        const member = client[name as keyof Client]
        // What is no function, and what answers with an iterator and not a promise.
        if (typeof member !== 'function' || name === 'list' || name === 'listUnfinished') return member
        return async (...args: unknown[]) => {
          if (isDead) throw new Killed()
          if (++calls !== at) return (member as (...all: unknown[]) => unknown)(...args)
          isDead = true
          if (isDone) await (member as (...all: unknown[]) => unknown)(...args)
          throw new Killed()
        }
      },
    })
  const all = Object.fromEntries(Object.entries(clients).map(([name, client]) => [name, dying(client)]))
  return { ...(all as Clients), hasDied: () => isDead }
}
