import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'

export const CLIENT = { clientId: 'darkroom', clientSecret: 'the secret of the client, of forty letters' }

/** A provider of OpenID Connect, as its library serves one, on a port of this machine. */
export interface OpenIdProvider {
  issuer: string
  /** Signs somebody in who starts at `url`, as a browser: the login, the consent. @returns where it is sent back to */
  signIn(url: string, subject: string): Promise<URL>
  /** The same for somebody who cancels. */
  cancel(url: string): Promise<URL>
  stop(): Promise<void>
}

export async function startOpenIdProvider(redirectUri: string): Promise<OpenIdProvider> {
  const { server, origin } = await listen()
  const client = {
    client_id: CLIENT.clientId,
    client_secret: CLIENT.clientSecret,
    redirect_uris: [redirectUri],
  }
  const provider = new Provider(origin, {
    clients: [client, { ...client, client_id: 'another', client_secret: 'another secret' }],
    pkce: { required: () => true },
    // Everybody has the address of everybody else: it says nothing.
    conformIdTokenClaims: false,
    claims: { openid: ['sub', 'email'] },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, email: 'ann@example.org' }) }),
  })
  const handle = provider.callback()
  server.on('request', (request, response) => void handle(request, response))

  return {
    issuer: origin,
    signIn: (url, subject) =>
      browse(origin, url, { login: { prompt: 'login', login: subject, password: '-' }, consent: {} }),
    cancel: (url) => browse(origin, url, 'cancel'),
    stop: () => stop(server),
  }
}

/** Follows redirects with cookies, and fills in the forms of the provider, until it is sent elsewhere. */
async function browse(
  origin: string,
  start: string,
  act: { login: Record<string, string>; consent: object } | 'cancel',
) {
  const cookies = new Map<string, string>()
  let [url, form]: [URL, URLSearchParams | undefined] = [new URL(start), undefined]
  for (let step = 0; step < 20; step += 1) {
    if (url.origin !== origin) return url
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form && { method: 'POST', body: form }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split(';', 1)[0]!.split(/=(.*)/s)
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    const page = await response.text()
    const location = response.headers.get('Location')
    form = undefined
    if (location !== null) url = new URL(location, url)
    else if (act === 'cancel') url = new URL(`${url.pathname}/abort`, url)
    else if (page.includes('name="login"')) form = new URLSearchParams(act.login)
    else if (page.includes('value="consent"')) form = new URLSearchParams({ prompt: 'consent' })
    else throw new Error(`${response.status} ${url.pathname}: ${page.slice(0, 500)}`)
  }
  throw new Error('the provider sends in circles')
}

export async function listen(): Promise<{ server: Server; origin: string }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

export function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
