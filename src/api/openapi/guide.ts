import { MAX_PUT_BYTES, MULTIPART_FROM_BYTES } from '../../domain/upload-parts.ts'
import type { Config } from '../../config/config.ts'
import { ERROR_CODES } from '../../domain/errors.ts'
import { INVALID_IMAGE_CODES } from '../../domain/invalid-image.ts'
import { ORIGINAL_CONTENT_TYPES } from '../../domain/variants.ts'
import { IDEMPOTENCY_KEPT_HOURS } from '../../services/requests/idempotency.ts'
import { TICKET_SECONDS } from '../../services/events/tickets.ts'
import { policyPoints, RATE_POLICIES, type RatePolicyName } from '../../services/requests/rate-limits.ts'
import { STATUS_BY_CODE } from '../errors.ts'
import { DEFAULT_PAGE_ITEMS, MAX_ITEMS } from '../../domain/limits.ts'
import { ERROR_CODE_MEANINGS } from './error-codes.ts'

/** The settings that the guide mentions. */
export type GuideSettings = Pick<
  Config,
  | 'ACCESS_TOKEN_SECONDS'
  | 'SESSION_DAYS'
  | 'SESSION_MAX_DAYS'
  | 'MAX_UPLOAD_BYTES'
  | 'UPLOAD_EXPIRY_SECONDS'
  | 'MAX_PENDING_UPLOADS'
  | 'RATE_LIMITS'
  | 'RATE_LIMIT_FACTOR'
>

const BYTES_PER_MIB = 1024 ** 2

/** The introduction for client developers, in Markdown, with this server's actual limits. */
export function guide(settings: GuideSettings): string {
  return [
    'Photo sharing: uploads, feeds and search, with access control enforced at once.',
    signingIn(settings),
    uploading(settings),
    PAGING,
    CONDITIONAL,
    LIVE_EVENTS,
    repeating(),
    rateLimits(settings),
    errors(),
    COMPATIBILITY,
  ].join('\n\n')
}

const signingIn = ({ ACCESS_TOKEN_SECONDS, SESSION_DAYS, SESSION_MAX_DAYS }: GuideSettings) => `
## Sign in
\`POST /v1/users\` creates an account, and \`POST /v1/sessions\` signs in to one. Both return two tokens:

- \`accessToken\` goes into \`Authorization: Bearer <accessToken>\`. It expires after ${ACCESS_TOKEN_SECONDS} seconds; requests
  then answer 401 with the code \`token_expired\`.
- \`refreshToken\` is exchanged for two new tokens at \`POST /v1/sessions/refresh\`. Keep it secret: if a token is used
  again more than 10 seconds after its exchange, the session ends. An unused session ends after ${SESSION_DAYS} days, any session after
  ${SESSION_MAX_DAYS}. Send the last one along when the device signs in again (\`refreshToken\`), so that it is known.

If the account has a second factor, the right password answers 401 \`two_factor_required\` with a \`challenge\`; \`POST /v1/sessions/two-factor\`
answers it with a code or a passkey, and returns the tokens. A passkey also signs in by itself: \`POST /v1/sessions/passkey/options\`, then
\`POST /v1/sessions/passkey\`. \`GET /v1/auth/{provider}\` signs in through a provider of OpenID Connect.

Public content can be read without a token. An invalid token is refused, never ignored.`

const uploading = ({ MAX_UPLOAD_BYTES, UPLOAD_EXPIRY_SECONDS, MAX_PENDING_UPLOADS }: GuideSettings) => `
## Upload a photo
1. \`POST /v1/photos\` with \`contentType\` (${ORIGINAL_CONTENT_TYPES.map((type) => `\`${type}\``).join(', ')}) and the exact \`bytes\` of
   the file: at most ${Math.floor(MAX_UPLOAD_BYTES / BYTES_PER_MIB)} MiB. If you send \`sha256\`, the uploaded file is checked against it. The
   answer has the \`photo\`, which is \`awaiting_upload\`, and an \`upload\`.
2. \`PUT\` the file to \`upload.url\` with exactly \`upload.headers\` and the declared number of bytes, and without the access
   token. The URL is valid for ${UPLOAD_EXPIRY_SECONDS} seconds; \`POST /v1/photos/{photoId}/upload\` signs another while the upload is open.
3. \`POST /v1/photos/{photoId}/complete\` reports that the file was uploaded. Storage that sends events reports it too.
4. \`GET /v1/photos/{photoId}/progress?wait=25\` answers as soon as something changes. The photo is \`ready\` once its
   original is valid; its smaller variants follow within seconds. It is \`failed\` with \`failure.code\`
   ${INVALID_IMAGE_CODES.map((code) => `\`${code}\``).join(', ')}, \`upload_expired\`, \`upload_aborted\` or \`upload_cancelled\`.

\`\`\`sh
curl -X PUT --upload-file photo.jpg -H 'Content-Type: image/jpeg' "$UPLOAD_URL"
\`\`\`

An original of more than ${MULTIPART_FROM_BYTES / BYTES_PER_MIB} MiB can arrive in parts, so that an interrupted upload goes on where it stopped; one
of more than ${MAX_PUT_BYTES / BYTES_PER_MIB} MiB has to. Send \`"multipart": true\` to \`POST /v1/photos\`: \`upload\` then has \`method: "MULTIPART"\` and
\`partBytes\`. \`POST /v1/photos/{photoId}/parts\` signs a PUT for each part that you name, \`GET\` tells which have arrived, \`complete\`
puts them together, and \`DELETE /v1/photos/{photoId}/upload\` gives up.

An account may have ${MAX_PENDING_UPLOADS} uploads open at a time, and stores as much as \`quota\` in \`GET /v1/me\` says. URLs of variants may change and expire: if one answers 403,
fetch the photo again. Variants contain no location or camera data. The
original is listed for its owner, as it was uploaded, and with \`allowDownload\` for others, without its metadata.`

const PAGING = `
## Page through a list
Lists return \`items\` and \`nextCursor\`. Ask again with \`?cursor=<nextCursor>\` until it is \`null\`: only that means the end.
A page may hold fewer items than \`limit\` (1 to ${MAX_ITEMS.page}, ${DEFAULT_PAGE_ITEMS} by default), or even none. A cursor is valid for one list and one
viewer; it does not skip or repeat anything when items are added in the meantime.`

const CONDITIONAL = `
## Ask only for what has changed
Answers to \`GET\` have a weak \`ETag\`. Send it in \`If-None-Match\`: 304 means that your copy is current. Edits of photos, comments
and your account take \`If-Match\` with the ETag you read, and answer 412 (\`precondition_failed\`) if it has changed since.`

const LIVE_EVENTS = `
## Follow live events
\`POST /v1/events/tickets\` returns a \`ticket\` that opens one stream of server-sent events within ${TICKET_SECONDS} seconds:

\`\`\`sh
TICKET=$(curl -sS -X POST "$API/events/tickets" -H "Authorization: Bearer $TOKEN" | sed 's/.*"ticket":"\\([^"]*\\)".*/\\1/')
curl -N "$API/events?ticket=$TICKET"
\`\`\`

Remember the \`id\` of each event. When the stream ends, which it does every few minutes, get a new ticket and connect again with the last
id, in a browser like this:

\`\`\`js
async function follow(lastEventId) {
  const { ticket } = await post('/v1/events/tickets')
  const source = new EventSource('/v1/events?' + new URLSearchParams({ ticket, ...(lastEventId && { lastEventId }) }))
  for (const type of ['ready', 'reset', 'notification', 'unread'])
    source.addEventListener(type, (event) => {
      lastEventId = event.lastEventId
      show(type, JSON.parse(event.data))
    })
  const again = () => {
    source.close()
    setTimeout(() => follow(lastEventId), 1000 + 4000 * Math.random())
  }
  source.addEventListener('renew', again)
  source.addEventListener('error', again)
}
\`\`\``

const repeating = () => `
## Repeat safely
\`GET\`, \`PUT\`, \`PATCH\` and \`DELETE\` may be repeated. Where \`POST\` takes an \`Idempotency-Key\`, choose a random key for each
intent and send it with every attempt: within ${IDEMPOTENCY_KEPT_HOURS} hours the first answer is returned, with freshly signed URLs. A refusal is
kept as well, except 429 and 5xx.`

function rateLimits({ RATE_LIMITS, RATE_LIMIT_FACTOR }: GuideSettings): string {
  if (!RATE_LIMITS) return '## Rate limits\nThis server has none.'
  const rows = Object.entries(RATE_POLICIES).map(
    ([name, { seconds, counts }]) =>
      `| \`${name}\` | ${policyPoints(name as RatePolicyName, RATE_LIMIT_FACTOR)} | ${windowOf(seconds)} | ${counts} |`,
  )
  return `
## Rate limits
| policy | requests | in | counted by |
| --- | --- | --- | --- |
${rows.join('\n')}

Each operation names its policy. \`RateLimit-Policy\` and \`RateLimit\` state the quota and what remains of it; beyond it the
answer is 429 with \`Retry-After\`.`
}

function errors(): string {
  const rows = ERROR_CODES.map(
    (code) => `| \`${code}\` | ${STATUS_BY_CODE[code]} | ${ERROR_CODE_MEANINGS[code]} |`,
  )
  return `
## Errors
Every refusal is a problem document (RFC 9457, \`application/problem+json\`). Check \`code\` in programs; \`detail\` is for people and may
change. \`errors\` lists failing fields by path, such as \`body.caption\`.

| code | status | meaning |
| --- | --- | --- |
${rows.join('\n')}`
}

const COMPATIBILITY = `
## Compatibility
Within \`/v1\`, fields, operations and error codes may be added, so ignore what you do not know. Nothing is removed.
Times are ISO 8601 in UTC; ids are strings.`

/** A length of time in its largest whole unit. */
export function windowOf(seconds: number): string {
  const [count, unit] =
    seconds % 3_600 === 0
      ? [seconds / 3_600, 'hour']
      : seconds % 60 === 0
        ? [seconds / 60, 'minute']
        : [seconds, 'second']
  return count === 1 ? `1 ${unit}` : `${count} ${unit}s`
}
