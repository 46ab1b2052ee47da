import { z } from 'zod'
import { isUuid } from '../../domain/ids.ts'
import { BLANK_RANGES, isBlank, withHarmlessBidi } from '../../domain/plain-text.ts'
import { DEFAULT_PAGE_ITEMS, MAX_CHARACTERS, MAX_ITEMS } from '../../domain/limits.ts'

/** Names that an account may have; unique regardless of case. */
export const USERNAME = new RegExp(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,${MAX_CHARACTERS.username - 1}}$`)

/** The id of a thing. */
export const idOf = (
  what:
    | 'photo'
    | 'comment'
    | 'album'
    | 'link'
    | 'item'
    | 'case'
    | 'decision'
    | 'token'
    | 'passkey'
    | 'identity'
    | 'webhook'
    | 'delivery'
    | 'export'
    | 'erasure',
) =>
  z
    .string()
    .refine(isUuid, `Not a ${what} id.`)
    .meta({ description: 'UUID v7 in lower case.', override: { type: 'string', format: 'uuid' } })

export const PhotoParams = z.strictObject({ photoId: idOf('photo') })

export const CommentParams = z.strictObject({ commentId: idOf('comment') })

export const username = z.string().regex(USERNAME).meta({ description: 'Compared regardless of case.' })

export const UserParams = z.strictObject({ username })

/** Shows `schema` in the OpenAPI document, since the input of a transform cannot be derived. */
export const shownAs = (schema: Record<string, unknown>) => ({
  override: ({ jsonSchema }: { jsonSchema: Record<string, unknown> }) => {
    for (const key of Object.keys(jsonSchema)) if (!ANNOTATIONS.has(key)) delete jsonSchema[key]
    Object.assign(jsonSchema, schema)
  },
})
const ANNOTATIONS = new Set(['description', 'default', 'examples', 'override'])

/** No string of a body may hold NUL (readJsonBody). A lone surrogate is refused too, but no valid JSON text has one. */
const STORABLE = '^[^\\u0000]*$'
/** One line: no control characters, line or paragraph separators. */
const ONE_LINE = /^[^\p{Cc}\p{Zl}\p{Zp}]*$/u
const IN_LINE = '[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*'
const VISIBLE = `[^${BLANK_RANGES}]`

/** A string with its length counted in code points, as in JSON Schema and Postgres. */
export function characters(min: number, max: number) {
  return z
    .string()
    .refine((given) => lengthOf(given) >= min, `At least ${min} characters.`)
    .refine((given) => lengthOf(given) <= max, `At most ${max} characters.`)
    .meta(shownAs({ type: 'string', minLength: min, maxLength: max, pattern: STORABLE }))
}

const lengthOf = (given: string) => (given.length > MAX_COUNTED_UNITS ? given.length : [...given].length)
/** So far beyond the longest text that counting code points would only cost time. */
const MAX_COUNTED_UNITS = 10_000

/** What is kept of a text: nothing that is invisible throughout, and nothing that turns the text around it. */
function readable(given: string | null): string | null {
  const harmless = withHarmlessBidi(given ?? '')
  return isBlank(harmless) ? null : harmless
}

const READABLE =
  'Text without visible characters counts as null. Bidirectional overrides, and embeddings or isolates without a partner in their ' +
  'paragraph, are removed. NUL and lone surrogates are refused.'

/** Text for people to read: any characters, limited in length; blank text counts as null. */
export const text = (maxCharacters: number) =>
  characters(0, maxCharacters)
    .nullable()
    .transform(readable)
    .meta({
      description: READABLE,
      ...shownAs({ type: ['string', 'null'], maxLength: maxCharacters, pattern: STORABLE }),
    })

/** Text that must show something, in NFC, which its length is counted in. */
export const visibleText = (maxCharacters: number) =>
  characters(1, maxCharacters)
    .transform((given) => readable(given.normalize('NFC')))
    .pipe(z.string('Must have a visible character.').pipe(characters(1, maxCharacters)))
    .meta({
      description:
        'Stored in NFC. Must have a visible character. Bidirectional overrides, and embeddings or isolates without a partner ' +
        'in their paragraph, are removed. NUL and lone surrogates are refused.',
      ...shownAs({
        type: 'string',
        minLength: 1,
        maxLength: maxCharacters,
        pattern: `^[^\\u0000]*${VISIBLE}[^\\u0000]*$`,
      }),
    })

/** One line of text without control characters; blank text counts as null. */
export const line = (maxCharacters: number) =>
  z
    .string()
    .regex(ONE_LINE, 'Must be one line without control characters.')
    .trim()
    .pipe(characters(0, maxCharacters))
    .nullable()
    .transform(readable)
    .meta({
      description: `One line. ${READABLE}`,
      ...shownAs({
        type: ['string', 'null'],
        maxLength: maxCharacters,
        pattern: `^${IN_LINE}$`,
      }),
    })

/** The same for what needs a name: blank text is refused. */
export const title = (maxCharacters: number) =>
  line(maxCharacters)
    .pipe(z.string({ error: 'Must have a visible character.' }))
    .meta({
      description: `One line with a visible character. ${READABLE}`,
      ...shownAs({
        type: 'string',
        minLength: 1,
        maxLength: maxCharacters,
        pattern: `^${IN_LINE}${VISIBLE}${IN_LINE}$`,
      }),
    })

/** `limit` and `cursor` of every list. */
export const pageQuery = {
  limit: wholeNumber(1, MAX_ITEMS.page).default(DEFAULT_PAGE_ITEMS).meta(shownDefault(DEFAULT_PAGE_ITEMS)),
  cursor: queryText(1, 512).optional().meta({ description: 'nextCursor of the previous page.' }),
}

/** `true` or `false` in a query, false by default. */
export const flag = (description: string) =>
  z
    .enum(['true', 'false'])
    .default('false')
    .transform((given) => given === 'true')
    .meta({ description, ...shownAs({ type: 'boolean', default: false }) })

/** Text in a query or path; bytes that are not UTF-8 decode to U+FFFD and are refused, as NUL is. */
export function queryText(min: number, max: number) {
  return characters(min, max).meta(
    shownAs({ type: 'string', minLength: min, maxLength: max, pattern: '^[^\\u0000\\ufffd]*$' }),
  )
}

/** Shows a default in the document, since zod-openapi omits the defaults of query parameters. */
export function shownDefault(value: number) {
  return { override: { default: value } }
}

/** A whole number in a query string: only digits, without a sign, exponent or space. */
export function wholeNumber(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,9}$/, 'Not a whole number.')
    .transform(Number)
    .pipe(z.number().min(min, `At least ${min}.`).max(max, `At most ${max}.`))
    .meta(shownAs({ type: 'integer', minimum: min, maximum: max }))
}

/** The answer of a list route. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    nextCursor: z
      .string()
      .nullable()
      .meta({ description: 'null means the end of the list; nothing else does.' }),
  })
}

export const instant = z.string().meta({ description: 'ISO 8601, UTC.', format: 'date-time' })

/** A moment that is yet to come. */
export const futureInstant = z.iso
  .datetime({ offset: true, error: 'An ISO 8601 date and time with an offset.' })
  .transform((given) => new Date(given))
  .refine((given) => given.getTime() > Date.now(), 'Not in the future.')

/** Requires that an edit changes something. */
export function atLeastOneField<Body extends z.ZodObject>(body: Body): Body {
  return body
    .refine((given) => Object.keys(given).length > 0, {
      message: 'Give at least one field to change.',
      when: ({ issues }) => issues.length === 0,
    })
    .meta({ override: { minProperties: 1 } })
}
