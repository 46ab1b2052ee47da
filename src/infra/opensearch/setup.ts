import type { Client } from './client.ts'
import { errorType } from './errors.ts'
import { INDEX_VERSION, indexMapping, indexSettings } from './mapping.ts'
import { photosAlias } from './versions.ts'

/** The index behind the alias on a new installation. */
export const photosIndex = (prefix: string): string => `${prefix}-photos-v${INDEX_VERSION}`

/** Creating an index waits for its shards; a busy machine needs longer for it than for a search. */
const SETUP_CALL = { requestTimeout: 60_000, maxRetries: 3 }

/**
 * Creates the index template, the index and its alias. Running it again or concurrently changes nothing;
 * fields added since are added to the index.
 * @throws ResponseError when the mapping cannot be reconciled with the index (a new INDEX_VERSION is due)
 */
export async function ensureSearchIndex(client: Client, prefix: string): Promise<void> {
  const alias = photosAlias(prefix)
  const index = photosIndex(prefix)
  await client.indices.putIndexTemplate(
    {
      name: alias,
      body: {
        index_patterns: [`${alias}-v*`],
        priority: 100,
        template: { settings: { index: indexSettings }, mappings: indexMapping },
      },
    },
    SETUP_CALL,
  )
  const { body: exists } = await client.indices.existsAlias({ name: alias }, SETUP_CALL)
  if (!exists) await createIndex(client, index, alias)
  await client.indices.putMapping({ index: alias, body: { properties: indexMapping.properties } }, SETUP_CALL)
}

async function createIndex(client: Client, index: string, alias: string): Promise<void> {
  try {
    // The alias comes with the index, so that nobody ever sees one without the other.
    await client.indices.create({ index, body: { aliases: { [alias]: {} } } }, SETUP_CALL)
  } catch (error) {
    if (errorType(error) !== 'resource_already_exists_exception') throw error
    await client.indices.putAlias({ index, name: alias }, SETUP_CALL)
  }
}
