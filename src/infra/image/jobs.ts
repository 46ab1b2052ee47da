import { renderAnimation } from './animation.ts'
import { classify } from './classify.ts'
import { hashPicture } from './hash-picture.ts'
import { inspectOriginal } from './inspect.ts'
import { renderVariants, type RenderedVariant, type RenderOptions } from './render.ts'
import { renderSquares } from './render-squares.ts'
import { pictureHash, smallJpeg } from './small-picture.ts'
import { stripMetadata } from './strip/strip-metadata.ts'
import { readText } from './text/read-text.ts'

/**
 * What may be done with bytes of users, all of it in a child process (docs/media.md, Decoding in isolation). A job is a function
 * of a file's path, of options and, if it yields more than one thing, of `handOver`, which sends a part to the worker as soon as
 * it is there. Options, parts and results are copied between processes, so they hold data only.
 */
export const IMAGE_JOBS = {
  inspectOriginal,
  renderVariants: async (
    file,
    options: Omit<RenderOptions, 'onVariant'>,
    handOver: Hand<RenderedVariant>,
  ) => {
    const results = await renderVariants(file, { ...options, onVariant: handOver })
    // What was made has been handed over.
    return results.filter((result) => !result.ok)
  },
  renderSquares,
  renderAnimation: (file: string) => renderAnimation(file),
  stripMetadata,
  /** In a pool of its own, whose children have the weights. */
  classify,
  smallJpeg,
  pictureHash,
  hashPicture,
  /** In a pool of its own, whose child holds the networks. */
  readText,
} satisfies Record<string, ImageJob>

type Hand<Part> = (part: Part) => void
type ImageJob = (file: string, options: never, handOver: Hand<unknown>) => Promise<unknown>

type Jobs = typeof IMAGE_JOBS
export type JobName = keyof Jobs
export type JobOptions<Name extends JobName> = Parameters<Jobs[Name]>[1]
export type JobResult<Name extends JobName> = Awaited<ReturnType<Jobs[Name]>>
/** What a job hands over before it ends; never, of most. */
export type JobPart<Name extends JobName> =
  Parameters<Jobs[Name]> extends [string, never, Hand<infer Part>] ? Part : never
