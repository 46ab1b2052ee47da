import { z } from 'zod'
import { isUuid } from '../../domain/ids.ts'

/** Names that an account may have; unique regardless of case. */
export const USERNAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/

const photoId = z
  .string()
  .refine(isUuid, 'Not a photo id.')
  .meta({ description: 'UUID v7 in lower case.', override: { type: 'string', format: 'uuid' } })

export const PhotoParams = z.strictObject({ photoId })

export const UserParams = z.strictObject({
  username: z.string().regex(USERNAME).meta({ description: 'Compared regardless of case.' }),
})

/** Text that people read: any characters, bounded, an empty one means none. */
export const text = (maxCharacters: number) =>
  z
    .string()
    .max(maxCharacters)
    .nullable()
    .transform((given) => (given === '' ? null : given))
    .meta({ override: { type: ['string', 'null'], maxLength: maxCharacters } })

/** Text without line breaks and other control characters. */
export const line = (maxCharacters: number) =>
  z
    .string()
    .trim()
    .max(maxCharacters)
    .regex(/^\P{Cc}*$/u, 'Must not contain control characters.')
    .nullable()
    .transform((given) => (given === '' ? null : given))
    .meta({ override: { type: ['string', 'null'], maxLength: maxCharacters } })

export const MAX_PAGE = 100
export const DEFAULT_PAGE = 20

/** `limit` and `cursor` of every list. */
export const pageQuery = {
  limit: wholeNumber(1, MAX_PAGE).default(DEFAULT_PAGE).meta(shownDefault(DEFAULT_PAGE)),
  cursor: z.string().min(1).max(512).optional().meta({ description: 'nextCursor of the page before.' }),
}

/** Shows a default in the document: zod-openapi leaves out that of a query parameter. */
export function shownDefault(value: number) {
  return { override: { default: value } }
}

/** A whole number in a query string: digits alone, no sign, exponent or blank. */
export function wholeNumber(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,9}$/, 'Not a whole number.')
    .transform(Number)
    .pipe(z.number().min(min, `At least ${min}.`).max(max, `At most ${max}.`))
    .meta({ override: { type: 'integer', minimum: min, maximum: max } })
}

/** The answer of a list route. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    nextCursor: z.string().nullable().meta({ description: 'null means the end, and only then.' }),
  })
}

export const instant = z.string().meta({ description: 'ISO 8601, UTC.', format: 'date-time' })

/** An edit has to change something. */
export function atLeastOneField<Body extends z.ZodObject>(body: Body): Body {
  return body.refine((given) => Object.keys(given).length > 0, {
    message: 'Give at least one field to change.',
    when: ({ issues }) => issues.length === 0,
  })
}
