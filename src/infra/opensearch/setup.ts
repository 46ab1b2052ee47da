import { isHeldBack, tolerateNewFields } from './builds.ts'
import type { Client } from './client.ts'
import { errorType } from './errors.ts'
import { INDEX_VERSION, indexMapping, indexSettings } from './mapping.ts'
import { findIndexes, photosAlias, versionOf } from './versions.ts'

/** The index behind the alias on a new installation. */
export const photosIndex = (prefix: string): string => `${photosAlias(prefix)}-v${INDEX_VERSION}`

/** Creating an index waits for its shards; a busy machine needs longer for it than for a search. */
const SETUP_CALL = { requestTimeout: 60_000, maxRetries: 3 }

/**
 * `outdated`: an index of an earlier version is searched, and goes on until a reindex is done. `heldBack`: so it is because an operator went
 * back to it. `newer`: a later release made it. `lost`: there is none, but there are photos, so that an empty one would tell lies.
 */
export type IndexSetup = 'ready' | 'outdated' | 'heldBack' | 'newer' | 'lost'

/**
 * Creates the index template and, on a new installation, the index and its alias. Running it again or concurrently changes
 * nothing; fields added since are added to the index.
 * @param hasPhotos whether documents are missing if there is no index
 * @throws ResponseError when the mapping cannot be reconciled with the index (a new INDEX_VERSION is due)
 */
export async function ensureSearchIndex(
  client: Client,
  prefix: string,
  hasPhotos: () => Promise<boolean> = async () => false,
): Promise<IndexSetup> {
  const alias = photosAlias(prefix)
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
  const { current, next } = await findIndexes(client, prefix)
  if (current === undefined && (next !== undefined || (await hasPhotos()))) return 'lost'
  if (current === undefined) await createIndex(client, photosIndex(prefix), alias)
  else if (versionOf(current) > INDEX_VERSION) return 'newer'
  else if (versionOf(current) < INDEX_VERSION) {
    await tolerateNewFields(client, current)
    return (await isHeldBack(client, current)) ? 'heldBack' : 'outdated'
  }
  await client.indices.putMapping({ index: alias, body: { properties: indexMapping.properties } }, SETUP_CALL)
  return 'ready'
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
