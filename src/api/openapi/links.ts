import type { z } from 'zod'
import type { ZodOpenApiLinksObject } from 'zod-openapi'
import { isOptional, type Operation } from '../operation.ts'

/** What can be done next with what an operation answered: every operation that needs just what it gives. */
export function linksFrom(
  { gives }: Operation,
  all: readonly Operation[],
): ZodOpenApiLinksObject | undefined {
  if (!gives) return undefined
  const next = all
    .map((operation) => ({ id: operation.id, names: neededParameters(operation) }))
    .filter(({ names }) => names.length > 0 && names.every((name) => name in gives))
  return Object.fromEntries(
    next.map(({ id, names }) => [
      id,
      {
        operationId: id,
        parameters: Object.fromEntries(names.map((name) => [name, `$response.body#${gives[name]}`])),
      },
    ]),
  )
}

function neededParameters({ params, query }: Operation): string[] {
  const needed = Object.entries<z.ZodType>(query?.shape ?? {}).filter(([, schema]) => !isOptional(schema))
  return [...Object.keys(params?.shape ?? {}), ...needed.map(([name]) => name)]
}
