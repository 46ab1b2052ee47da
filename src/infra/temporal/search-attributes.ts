import type { ConnectionLike } from '@temporalio/client'
import { SEARCH_ATTRIBUTES } from '../../contracts/search-attributes.ts'

/** temporal.api.enums.v1.IndexedValueType, which the SDK knows but does not export. */
const VALUE_TYPES = { TEXT: 1, KEYWORD: 2, INT: 3, DOUBLE: 4, BOOL: 5, DATETIME: 6, KEYWORD_LIST: 7 } as const

type Operator = Pick<ConnectionLike, 'operatorService'>

/** Names of the search attributes that the namespace lacks, or has with another type. */
export async function findMissingSearchAttributes(
  connection: Operator,
  namespace: string,
): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace })
  return SEARCH_ATTRIBUTES.filter(
    ({ name, type }) => Number(customAttributes[name]) !== VALUE_TYPES[type],
  ).map(({ name }) => name)
}

/** Registers what is missing. @returns the names that were added */
export async function addMissingSearchAttributes(connection: Operator, namespace: string): Promise<string[]> {
  const missing = new Set(await findMissingSearchAttributes(connection, namespace))
  const added = SEARCH_ATTRIBUTES.filter(({ name }) => missing.has(name))
  if (added.length > 0) {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(added.map(({ name, type }) => [name, VALUE_TYPES[type]])),
    })
  }
  return [...missing]
}
