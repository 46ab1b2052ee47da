import { z } from 'zod'
import { DarkroomError, type ErrorCode, type FieldError } from '../../domain/errors.ts'
import { step, type ApiContext, type Step } from '../context.ts'
import { isOptional, type InputOf, type Operation } from '../operation.ts'
import { DEFAULT_BODY_LIMIT_BYTES, hasBody, readJsonBody } from './json-body.ts'

/** At most this many failing fields are listed. */
const MAX_FIELDS = 50

/**
 * Checks path, query and body against the operation's schemas and adds `ctx.input`. A malformed path parameter
 * answers 404; for the query and body, every failing field is listed.
 */
export function valid<const O extends Operation>(operation: O): Step<unknown, { input: InputOf<O> }> {
  return step<unknown, { input: InputOf<O> }>({ operation }, async (ctx, next) => {
    const params = operation.params?.safeParse((ctx as unknown as { params: unknown }).params)
    if (params && !params.success) throw new DarkroomError('not_found', 'No such resource.')
    refuseUnsafeQuery(ctx)
    const query = (operation.query ?? EMPTY).safeParse({ ...ctx.query })
    const body = operation.body?.safeParse(await bodyOf(ctx, operation.body, operation.bodyLimitBytes))
    const issues = [...issuesOf('query', query), ...(body ? issuesOf('body', body) : [])]
    if (issues.length > 0) throw refusalOf(issues)
    ctx.input = { params: params?.data, query: query.data, body: body?.data } as InputOf<O>
    await next()
  })
}

const EMPTY = z.strictObject({})

/** Undefined for an absent body where the schema allows that. */
function bodyOf(ctx: ApiContext, schema: z.ZodType, limitBytes = DEFAULT_BODY_LIMIT_BYTES): Promise<unknown> {
  return isOptional(schema) && !hasBody(ctx) ? Promise.resolve(undefined) : readJsonBody(ctx, limitBytes)
}

interface Issue extends FieldError {
  /** Schemas may give an issue a code of its own, `params: { code }`. */
  code: ErrorCode
}

/** The code that all failures share if they have one of their own; else `invalid`. */
function refusalOf(issues: Issue[]): DarkroomError {
  const codes = new Set(issues.map((issue) => issue.code))
  const code = codes.size === 1 ? issues[0]!.code : 'invalid'
  const fields = issues.slice(0, MAX_FIELDS).map(({ path, message }) => ({ path, message }))
  return new DarkroomError(
    code,
    fields
      .map((field) => `${field.path}: ${field.message}`)
      .join('; ')
      .slice(0, 1_000),
    {
      fields,
    },
  )
}

function issuesOf(where: string, parsed: z.ZodSafeParseResult<unknown>): Issue[] {
  return parsed.success ? [] : parsed.error.issues.flatMap((issue) => flatten(where, issue))
}

function flatten(where: string, issue: z.core.$ZodIssue): Issue[] {
  const path = [where, ...issue.path.map((part) => clip(String(part)))].join('.')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: `${path}.${clip(key)}`,
      message: 'Unknown field.',
      code: 'invalid',
    }))
  }
  const own = issue.code === 'custom' ? (issue.params?.['code'] as ErrorCode | undefined) : undefined
  return [{ path, message: issue.message, code: own ?? 'invalid' }]
}

const MAX_KEY_CHARACTERS = 60
function clip(key: string): string {
  return key.length > MAX_KEY_CHARACTERS ? `${key.slice(0, MAX_KEY_CHARACTERS)}…` : key
}

/** NUL and badly encoded bytes (which decode to U+FFFD) cannot match anything stored. */
function refuseUnsafeQuery(ctx: ApiContext): void {
  const fields = Object.entries(ctx.query)
    .filter(([key, value]) =>
      [key, value].flat().some((text) => text !== undefined && /[\0\uFFFD]/.test(text)),
    )
    .map(([key]) => ({ path: `query.${clip(key)}`, message: 'Not UTF-8, or contains the NUL character.' }))
  if (fields.length > 0)
    throw new DarkroomError('invalid', 'The query holds bytes that are not text.', { fields })
}
