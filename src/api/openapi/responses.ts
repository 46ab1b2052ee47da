import { STATUS_CODES } from 'node:http'
import { z } from 'zod'
import type { ZodOpenApiOperationObject } from 'zod-openapi'
import { DarkroomError, ERROR_CODES, invalidField, type ErrorCode } from '../../domain/errors.ts'
import { SECOND_FACTOR_METHODS } from '../../domain/two-factor.ts'
import type { StepDescription } from '../context.ts'
import { problemOf, STATUS_BY_CODE } from '../errors.ts'
import type { Operation } from '../operation.ts'
import { ERROR_CODE_MEANINGS } from './error-codes.ts'
import { isConditional, responseHeaders } from './headers.ts'
import { linksFrom } from './links.ts'

export const ProblemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.enum(ERROR_CODES),
    detail: z.string().meta({ description: 'English text for developers; programs should check `code`.' }),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    requestId: z.string(),
    challenge: z
      .string()
      .optional()
      .meta({ description: 'Of `two_factor_required`: for one use within five minutes, by this device.' }),
    ticket: z
      .string()
      .optional()
      .meta({ description: 'Of `sign_up_required`: for one account, within ten minutes.' }),
    methods: z.array(z.enum(SECOND_FACTOR_METHODS)).optional(),
    passkeyOptions: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'Of `two_factor_required`: what `navigator.credentials.get` takes, in JSON.' }),
  })
  .meta({ id: 'Problem', description: 'A problem document (RFC 9457).' })

/** All answers of an operation: its own, and the refusals of the steps that guard it. */
export function responsesOf(
  method: string,
  operation: Operation,
  operations: readonly Operation[],
  description: StepDescription,
): ZodOpenApiOperationObject['responses'] {
  const responses: Record<string, object> = {}
  const links = linksFrom(operation, operations)
  const add = (status: number, response: { description: string; content?: object }) => {
    responses[status] ??= {
      ...response,
      ...(links && status < 300 ? { links } : {}),
      headers: responseHeaders(status, method, operation, description),
    }
  }
  for (const [name, body] of Object.entries(operation.responses)) {
    const status = Number(name)
    if (body === null) add(status, { description: STATUS_CODES[status]! })
    else if (body instanceof z.ZodType) {
      const answer = status < 300 ? operation.examples?.answer : undefined
      // Where two kinds of success answer with different bodies, the example is of one.
      const example = body.safeParse(answer).success ? answer : undefined
      const content = { schema: body, ...(example === undefined ? {} : { example }) }
      add(status, { description: STATUS_CODES[status]!, content: { 'application/json': content } })
    } else add(status, { description: body.description, content: { [body.contentType]: {} } })
  }
  if (isConditional(method, operation))
    add(304, { description: 'Not Modified: you already have the answer that `If-None-Match` names.' })
  const codesByStatus = Map.groupBy(codesOf(operation, description), (code) => STATUS_BY_CODE[code])
  for (const [status, codes] of codesByStatus) add(status, problemsOf(codes))
  return responses as ZodOpenApiOperationObject['responses']
}

function problemsOf(codes: readonly ErrorCode[]) {
  const content = { schema: ProblemSchema, examples: Object.fromEntries(codes.map(exampleOf)) }
  return {
    description: codes.map((code) => `\`${code}\`: ${ERROR_CODE_MEANINGS[code]}`).join('\n\n'),
    content: { 'application/problem+json': content },
  }
}

const EXAMPLE_REQUEST_ID = '6f1f1f0e-3b52-4a3f-9c55-0d5f2a1f7b1e'

/** The problem document as the error middleware would send it. */
function exampleOf(code: ErrorCode) {
  const error =
    code === 'invalid'
      ? invalidField('query.limit', 'At most 100.')
      : new DarkroomError(code, ERROR_CODE_MEANINGS[code].split('. ', 1)[0]!.replaceAll('`', ''))
  return [code, { value: problemOf(error, EXAMPLE_REQUEST_ID).problem }] as const
}

/** The operation's own codes and those that its chain adds. */
function codesOf(operation: Operation, { security, limits, idempotent }: StepDescription): Set<ErrorCode> {
  // An unknown parameter in the query is refused everywhere, and a request line and headers above 16 KiB are never read.
  const codes = new Set<ErrorCode>(['invalid', 'headers_too_large', ...(operation.errors ?? [])])
  if (operation.params) codes.add('not_found')
  if (operation.body)
    for (const code of ['malformed', 'too_large', 'unsupported_type'] as const) codes.add(code)
  if (security) codes.add('unauthenticated')
  if (security === 'required' || security === 'optional') {
    // forbidden: a personal access token of another scope.
    codes.add('token_expired').add('forbidden')
    if (!operation.whileSuspended) codes.add('account_suspended')
  }
  if (limits) codes.add('rate_limited').add('unavailable')
  // not_found: what the first request with the key created may be gone.
  if (idempotent) codes.add('idempotency_mismatch').add('idempotency_in_progress').add('not_found')
  return codes.add('internal')
}
