import type { z } from 'zod'
import type { ErrorCode } from '../domain/errors.ts'
import type { RouteScope } from '../domain/scopes.ts'

/** What a response carries: a JSON schema, bytes of some type, or nothing. */
type ResponseBody = z.ZodType | { contentType: string; description: string } | null

/**
 * One operation of the API: what it takes and what it answers. The same object validates requests (`valid(...)`),
 * types the route's handler and builds the OpenAPI document.
 */
export interface Operation {
  /** operationId in the document. */
  id: string
  summary: string
  description?: string
  /** Path parameters. A malformed one answers 404, since the resource cannot exist. */
  params?: z.ZodObject
  query?: z.ZodObject
  /** Request headers of its own, for the document; the route reads and checks them. */
  headers?: z.ZodObject
  /** An optional one may be left out. */
  body?: z.ZodType
  /** Larger bodies are refused unread. */
  bodyLimitBytes?: number
  responses: Readonly<Record<number, ResponseBody>>
  /** What the document shows; a test validates it against the schemas. `answer` is that of every 2xx. */
  examples?: Readonly<{ body?: unknown; answer?: unknown }>
  /** A suspended account may call it too; without this, it is refused wherever an account is known. */
  whileSuspended?: true
  /** The 201 answer names the created resource in Location. */
  answersLocation?: true
  /** Where the answer holds what others take as a parameter: JSON pointers by its name. The document links to them. */
  gives?: Readonly<Record<string, string>>
  /** What a personal access token must be for. By default `read` for a GET, and `write` for everything else. */
  scope?: RouteScope
  /** Codes that this operation adds to those that every operation may answer. */
  errors?: readonly ErrorCode[]
}

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined

/** The validated input of an operation. */
export interface InputOf<O extends Operation> {
  params: Parsed<O['params']>
  query: Parsed<O['query']>
  body: Parsed<O['body']>
}

/** Whether a request may come without this body. */
export function isOptional(body: z.ZodType): boolean {
  return body.safeParse(undefined).success
}

/** Declares an operation, keeping the exact types of its schemas. */
export function operation<const O extends Operation>(declared: O): O {
  return declared
}
