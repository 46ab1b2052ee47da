import { Validator } from '@seriousme/openapi-schema-validator'

/** What is wrong with an OpenAPI document by the specification's own JSON schema; empty if nothing is. */
export async function validateSchema(document: object): Promise<unknown[]> {
  const { valid, errors } = await new Validator().validate(
    structuredClone(document) as Record<string, unknown>,
  )
  return valid ? [] : [errors]
}
