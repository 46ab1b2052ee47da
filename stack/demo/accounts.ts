import { Listr } from 'listr2'
import { Secret, TOTP } from 'otpauth'
import { Webhook } from 'standardwebhooks'
import type { Answer, ApiClient, Page, PhotoAnswer } from '../client/api-client.ts'
import { ms } from './milliseconds.ts'
import type { WebhookReceiver } from './webhook-receiver.ts'

export interface AccountsOptions {
  /** Gets a second factor, a token and a webhook. */
  user: ApiClient
  /** Likes a photo of theirs. */
  friend: ApiClient
  photoId: string
  receiver: WebhookReceiver
}

const STEP_MS = 30_000

/** What these answers hold, as far as it is looked at. */
interface Answered {
  code?: string
  challenge?: string
  accessToken?: string
}

/**
 * An account that is kept safe and automated: an authenticator app, a token that may only read, a webhook.
 * @returns recovery codes, each good for one more sign-in
 * @throws Error at the first part that does not hold
 */
export async function runAccounts({
  user,
  friend,
  photoId,
  receiver,
}: AccountsOptions): Promise<{ recoveryCodes: string[] }> {
  let recoveryCodes: string[] = []

  await new Listr(
    [
      {
        title: `${user.username} adds an authenticator app`,
        task: async (_: unknown, task: { title: string }) => {
          const { secret } = await user.call<{ secret: string }>('POST', '/v1/me/two-factor/totp')
          const app = new TOTP({ secret: Secret.fromBase32(secret) })
          await user.call('POST', '/v1/me/two-factor/totp/confirm', { code: app.generate() })
          const made = await user.call<{ codes: string[] }>('POST', '/v1/me/two-factor/recovery-codes')
          recoveryCodes = made.codes

          // That of now has confirmed the app, and a code is good once.
          const code = app.generate({ timestamp: Date.now() + STEP_MS })
          await signInWithCode(user, code)
          const again = await answerPassword(user, code)
          expectRefusal(again, 401, 'bad_credentials')
          task.title = `Second factor: the password alone gets a challenge (401), a code of the app signs in, the same code again is refused (401); ${recoveryCodes.length} recovery codes`
        },
      },
      {
        title: `${user.username} makes a token that may read`,
        task: async (_: unknown, task: { title: string }) => {
          const body = { name: 'Statistics', scopes: ['read'] }
          const { secret: token } = await user.call<{ secret: string }>('POST', '/v1/me/tokens', body)
          const { status } = await user.send('GET', '/v1/feed', { token })
          if (status !== 200) throw new Error(`the feed answered ${status} to the token`)
          const refused = [
            ['DELETE', `/v1/photos/${photoId}`],
            ['POST', '/v1/me/exports'],
          ] as const
          for (const [method, path] of refused)
            expectRefusal(await user.send<Answered>(method, path, { token }), 403, 'forbidden')
          task.title = `Token of the scope read: the feed, yes; to delete a photo or to export the account, no (403)`
        },
      },
      {
        title: `${user.username} has a webhook told of likes`,
        task: async (_: unknown, task: { title: string }) => {
          const events = ['like.received']
          const inside = { url: 'https://169.254.169.254/latest/meta-data', events }
          const refusal = await user.send<Answered>('POST', '/v1/me/webhooks', { body: inside })
          if (refusal.body.code !== 'blocked_address')
            throw new Error(`a webhook to the metadata address answered ${refusal.status}`)
          const { secret } = await user.call<{ secret: string }>('POST', '/v1/me/webhooks', {
            url: receiver.url,
            events,
          })
          await friend.call('PUT', `/v1/photos/${photoId}/like`)
          const since = performance.now()
          const { headers, body } = await user.until('the webhook is posted to', async () =>
            receiver.received.at(0),
          )
          const tookMs = performance.now() - since
          // It throws for a signature of another secret, of other bytes or of another time.
          const message = new Webhook(secret).verify(body, headers as Record<string, string>) as {
            type: string
            data: { photoId: string }
          }
          if (message.type !== 'like.received' || message.data.photoId !== photoId)
            throw new Error(`the message is ${body}`)
          task.title = `Webhook: told of a like after ${ms(tookMs)}, and the signature is right; one to 169.254.169.254 is refused (${refusal.status})`
        },
      },
    ],
    {
      exitOnError: true,
      rendererOptions: { collapseSubtasks: false },
      fallbackRendererCondition: !process.stdout.isTTY,
    },
  ).run()

  return { recoveryCodes }
}

/** Sends the password, and a code to the challenge that it gets. */
async function answerPassword(user: ApiClient, code: string): Promise<Answer<Answered>> {
  const { username } = user
  const answer = await user.send<Answered>('POST', '/v1/sessions', {
    token: null,
    body: { username, password: `password of ${username}` },
  })
  expectRefusal(answer, 401, 'two_factor_required')
  const { challenge } = answer.body
  return user.send('POST', '/v1/sessions/two-factor', { token: null, body: { challenge, code } })
}

/** Signs in with password and code. @throws Error if that does not do */
export async function signInWithCode(user: ApiClient, code: string): Promise<void> {
  const { status, body } = await answerPassword(user, code)
  if (status !== 201 || !body.accessToken) throw new Error(`the code answered ${status} ${body.code}`)
  user.token = body.accessToken
}

function expectRefusal({ status, body }: Answer<Answered>, expected: number, code: string): void {
  if (status !== expected || body.code !== code)
    throw new Error(`the answer is ${status} ${body.code}, not ${expected} ${code}`)
}

/** Whether the reader's feed shows the photo. */
export async function isInFeed(reader: ApiClient, photoId: string): Promise<boolean> {
  const { items } = await reader.call<Page<PhotoAnswer>>('GET', '/v1/feed?limit=50')
  return items.some(({ id }) => id === photoId)
}
