import type { StepDescription } from '../context.ts'
import type { Operation } from '../operation.ts'

const text = (description: string, example: string, required = false) => ({
  description,
  ...(required ? { required } : {}),
  schema: { type: 'string' as const },
  example,
})

const seconds = (description: string) => ({
  description,
  required: true,
  schema: { type: 'integer' as const, minimum: 1 },
  example: 1,
})

/** The headers of answers, described once; the `required` ones are in every answer that lists them. */
export const RESPONSE_HEADERS = {
  'X-Request-Id': text(
    "Identifies the request in our logs: the caller's X-Request-Id if it has 8 to 64 letters, digits, `-` and `_`, else a new one.",
    '6f1f1f0e-3b52-4a3f-9c55-0d5f2a1f7b1e',
    true,
  ),
  'Cache-Control': text(
    '`private, no-cache`: store it, but revalidate with `If-None-Match`; `no-store` for answers with tokens.',
    'private, no-cache',
    true,
  ),
  ETag: text(
    'Weak; for `If-None-Match` and, where an operation takes it, `If-Match`.',
    'W/"3.q83vEiM0VniavN4h1Y5GHA"',
    true,
  ),
  Location: text('Path of the created resource.', '/v1/photos/0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b', true),
  'RateLimit-Policy': text('The quota `q` and its window `w` in seconds.', '"write";q=300;w=60'),
  RateLimit: text(
    'What remains of the quota, `r`, and the seconds until it resets, `t`.',
    '"write";r=299;t=60',
  ),
  'Retry-After': seconds('Seconds to wait before trying again.'),
  'WWW-Authenticate': text('The challenge, as in RFC 6750.', 'Bearer realm="darkroom"', true),
}

type HeaderName = keyof typeof RESPONSE_HEADERS

/** References to the headers of an answer with this status. */
export function responseHeaders(
  status: number,
  method: string,
  operation: Operation,
  { limits }: StepDescription,
): Partial<Record<HeaderName, { $ref: string }>> {
  const names: HeaderName[] = ['X-Request-Id']
  const isJson = isJsonAnswer(operation, 200)
  if (status < 400) names.push('Cache-Control')
  if ((status === 200 && isJson && (method === 'get' || method === 'patch')) || status === 304)
    names.push('ETag')
  if (status === 201 && operation.answersLocation) names.push('Location')
  if (status === 401) names.push('WWW-Authenticate')
  if (status === 429 || status === 503) names.push('Retry-After')
  if (limits) names.push('RateLimit-Policy', 'RateLimit')
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}

/** Whether a client may revalidate the answer with If-None-Match. */
export function isConditional(method: string, operation: Operation): boolean {
  return method === 'get' && isJsonAnswer(operation, 200)
}

function isJsonAnswer({ responses }: Operation, status: number): boolean {
  const body = responses[status]
  return body !== undefined && body !== null && !('contentType' in body)
}
