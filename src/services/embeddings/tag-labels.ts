import type { TagLabel } from '../../domain/auto-tags.ts'
import { toBytes } from '../../domain/embeddings.ts'
import type { TagLabelRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import type { Embedder } from '../../infra/embedder/embedder.ts'
import { modelOf } from './model-of.ts'

/** The operator's labels, each embedded once by each model. */
export interface TagLabels {
  /**
   * Makes what is stored the list of the settings, by this model. Once it is, this process does not look again.
   * @throws whatever the embedder failed with: then what was embedded before stays
   */
  keep(model: string, signal?: AbortSignal): Promise<void>
}

/** Texts that are posted at once: their vectors fit into one answer. */
const BATCH = 64

// Plan of each: tag_labels_pkey.
const STORED = 'SELECT tag, text FROM tag_labels WHERE model = $1'
const KEEP = `
  INSERT INTO tag_labels (model, tag, display, text, vector)
  SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::bytea[])
  ON CONFLICT (model, tag) DO UPDATE SET display = excluded.display, text = excluded.text, vector = excluded.vector`
// Photos of other models are offered nothing, as they are not found by content either.
const FORGET = 'DELETE FROM tag_labels WHERE model <> $1 OR tag <> ALL ($2::text[])'

interface TagLabelsDeps {
  query: Query
  embedder: Embedder
  labels: readonly TagLabel[]
}

export function createTagLabels(deps: TagLabelsDeps): TagLabels {
  let kept: { model: string; keeping: Promise<void> } | undefined
  return {
    async keep(model, signal) {
      if (kept?.model !== model) kept = { model, keeping: keepAll(deps, model, signal) }
      const { keeping } = kept
      try {
        await keeping
      } catch (error) {
        if (kept?.keeping === keeping) kept = undefined
        throw error
      }
    },
  }
}

async function keepAll({ query, embedder, labels }: TagLabelsDeps, model: string, signal?: AbortSignal) {
  const rows = await query<Pick<TagLabelRow, 'tag' | 'text'>>({ text: STORED, values: [model] })
  const stored = new Map(rows.map(({ tag, text }) => [tag, text]))
  const missing = labels.filter(({ tag, text }) => stored.get(tag) !== text)
  for (let at = 0; at < missing.length; at += BATCH) {
    const batch = missing.slice(at, at + BATCH)
    const { vectors, ...made } = await embedder.ofTexts(
      batch.map(({ text }) => text),
      signal,
    )
    if (modelOf(made) !== model) throw new Error('The embedder has changed its model meanwhile')
    const column = (of: (label: TagLabel) => string) => batch.map(of)
    const bytes = vectors.map((vector) => Buffer.from(toBytes(vector).buffer))
    await query({
      text: KEEP,
      values: [
        model,
        column(({ tag }) => tag),
        column(({ display }) => display),
        column(({ text }) => text),
        bytes,
      ],
    })
  }
  await query({ text: FORGET, values: [model, labels.map(({ tag }) => tag)] })
}
