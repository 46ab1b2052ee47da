import type { Types } from '@opensearch-project/opensearch'
import type { Client } from './client.ts'
import { reachable } from './errors.ts'
import { INDEX_VERSION, indexMapping, indexSettings } from './mapping.ts'
import { findIndexes, nextAlias, photosAlias, previousAlias, versionOf, type IndexSet } from './versions.ts'

/** Creating, closing and swapping wait for the cluster; a busy machine needs longer for it than for a search. */
const CALL = { requestTimeout: 60_000, maxRetries: 3 }

/** While nobody searches an index, fewer and larger segments are written. */
const REFRESH_WHILE_BUILT = '30s'

/** How long writers get to notice that an index is no longer theirs, before it is deleted. */
const WRITERS_LEAVE_MS = 5_000

type AliasAction = NonNullable<Types.Indices_UpdateAliases.Action>

/** Builds an index beside the one that is searched, and takes it into use. All may be repeated. */
export interface IndexBuilds {
  find(): Promise<IndexSet>
  /**
   * Creates the index of a build, which gets every write from then on. Deletes indexes that no alias names, and a former one that was kept.
   * @returns its name
   */
  begin(build: string): Promise<string>
  /** Makes everything written to the index searchable. */
  refresh(index: string): Promise<void>
  /** Searches go to the index of the build in one step; the one before it is kept and goes on getting every write. */
  swap(index: string): Promise<void>
  /** Gives the build up; searches go on where they were. */
  abandon(): Promise<void>
  /** Searches go back to the index that was kept, which is as new as the other. @throws NothingKeptError */
  rollBack(): Promise<{ from: string; to: string }>
  /** Deletes the index that was kept. @returns its name; undefined if there was none */
  discard(): Promise<string | undefined>
  /** Does so if it was replaced longer ago. */
  discardOlder(keptMs: number): Promise<void>
  /** Whether an operator went back from this release's version to the index. */
  isHeldBack(index: string): Promise<boolean>
}

/** There is no former index to go back to. */
class NothingKeptError extends Error {
  override readonly name = 'NothingKeptError'

  constructor() {
    super('no former index is kept')
  }
}

/** All methods throw DarkroomError `unavailable` when OpenSearch is down. */
export function createIndexBuilds(
  client: Client,
  prefix: string,
  writersLeaveMs = WRITERS_LEAVE_MS,
): IndexBuilds {
  const [current, next, previous] = [photosAlias(prefix), nextAlias(prefix), previousAlias(prefix)]
  const find = () => findIndexes(client, prefix)

  async function updateAliases(actions: AliasAction[]): Promise<void> {
    await reachable(client.indices.updateAliases({ body: { actions } }, CALL))
  }

  async function allIndexes(): Promise<string[]> {
    const { body } = await reachable(
      client.indices.get({ index: `${current}-v*`, filter_path: '*.aliases' }, CALL),
    )
    return Object.keys(body)
  }

  async function remove(index: string): Promise<void> {
    await reachable(client.indices.delete({ index, ignore_unavailable: true }, CALL))
  }

  /** Takes the alias from an index and deletes it, once nobody writes to it any more. */
  async function leave(index: string, alias: string): Promise<void> {
    await updateAliases([{ remove: { index, alias } }])
    await new Promise((resolve) => setTimeout(resolve, writersLeaveMs))
    await remove(index)
  }

  async function discard(): Promise<string | undefined> {
    const { previous: kept } = await find()
    if (kept !== undefined) await leave(kept, previous)
    return kept
  }

  async function abandon(): Promise<void> {
    const { next: built } = await find()
    if (built !== undefined) await leave(built, next)
  }

  return {
    find,
    discard,
    abandon,
    isHeldBack: (index) => isHeldBack(client, index),

    async discardOlder(keptMs) {
      const { previous: kept } = await find()
      if (kept === undefined) return
      const { replacedAt = 0 } = await readNotes(client, kept)
      if (Date.now() - replacedAt > keptMs) await discard()
    },

    async begin(build) {
      const index = `${current}-v${INDEX_VERSION}-${build}`
      const set = await find()
      if (set.next === index || set.current === index) return index
      await abandon()
      await discard()
      const named = Object.values(await find())
      for (const each of await allIndexes()) if (!named.includes(each)) await remove(each)
      await tolerateNewFields(client, set.current)
      await reachable(
        client.indices.create(
          {
            index,
            body: {
              aliases: { [next]: {} },
              settings: { index: { ...indexSettings, refresh_interval: REFRESH_WHILE_BUILT } },
              mappings: indexMapping,
            },
          },
          CALL,
        ),
      )
      return index
    },

    async refresh(index) {
      await reachable(client.indices.refresh({ index }, CALL))
    },

    async swap(index) {
      const set = await find()
      if (set.current === index) return
      if (set.next !== index) throw new Error(`${index} is not the index that is being built`)
      if (set.current) await note(client, set.current, { replacedAt: Date.now() })
      const { refresh_interval: refreshInterval } = indexSettings
      await reachable(
        client.indices.putSettings({ index, body: { index: { refresh_interval: refreshInterval } } }, CALL),
      )
      const stray = !set.current && (await reachable(client.indices.exists({ index: current }, CALL))).body
      await reachable(client.indices.refresh({ index }, CALL))
      await updateAliases([
        // A write to a missing alias may have made an index by its name, in former releases.
        ...(stray ? [{ remove_index: { index: current } }] : []),
        ...(set.current
          ? [
              { remove: { index: set.current, alias: current } },
              { add: { index: set.current, alias: previous } },
            ]
          : []),
        { add: { index, alias: current } },
        { remove: { index, alias: next } },
      ])
      await reachable(client.indices.refresh({ index }, CALL))
    },

    async rollBack() {
      const { current: from, previous: to } = await find()
      if (to === undefined) throw new NothingKeptError()
      await reachable(client.indices.refresh({ index: to }, CALL))
      await updateAliases([
        ...(from === undefined
          ? []
          : [{ remove: { index: from, alias: current } }, { add: { index: from, alias: next } }]),
        { add: { index: to, alias: current } },
        { remove: { index: to, alias: previous } },
      ])
      // So that nothing builds this version again by itself.
      await note(client, to, { heldBackFrom: INDEX_VERSION })
      await abandon()
      return { from: from ?? 'none', to }
    },
  }
}

/** An index of an earlier version goes on beside documents of this one, whose new fields it keeps and does not search. */
export async function tolerateNewFields(client: Client, index: string | undefined): Promise<void> {
  if (index === undefined || versionOf(index) === INDEX_VERSION) return
  await reachable(client.indices.putMapping({ index, body: { dynamic: false } }, CALL))
}

/** What is remembered with an index, in the metadata of its mapping. */
interface Notes {
  /** The version from which an operator went back to it. */
  heldBackFrom?: number
  /** When another took its place, in ms since 1970. */
  replacedAt?: number
}

async function note(client: Client, index: string, notes: Notes): Promise<void> {
  await reachable(client.indices.putMapping({ index, body: { _meta: { ...notes } } }, CALL))
}

async function readNotes(client: Client, index: string): Promise<Notes> {
  const { body } = await reachable(client.indices.getMapping({ index }, CALL))
  return body[index]?.mappings?._meta ?? {}
}

/** Whether an operator went back from this release's version to the index. */
export async function isHeldBack(client: Client, index: string): Promise<boolean> {
  return (await readNotes(client, index)).heldBackFrom === INDEX_VERSION
}
