import { chmod, chown, copyFile, link, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { InvalidImageError, type InvalidImageCode } from '../../domain/invalid-image.ts'
import { createBudget } from '../concurrency/budget.ts'
import { openLastingFolder, removeStaleFolders, type LastingFolder } from '../temporary-folders.ts'
import {
  imageAdmitted,
  imageChildDied,
  imageJobDone,
  imageSandboxChosen,
} from '../../observability/image-events.ts'
import type { Logger } from '../../observability/logger.ts'
import {
  ChildDiedError,
  ChildUnavailableError,
  startChild,
  type ImageChild,
  type JobEnd,
  type JobHooks,
  type JobLimits,
} from './image-child.ts'
import type { JobName, JobOptions, JobPart, JobResult } from './jobs.ts'
import type { JobMessage, SentError } from './messages.ts'
import { ACCEPTED, sandboxUid, type Sandbox, type SandboxMode } from './sandbox.ts'

export interface ProcessorOptions {
  /** Children, and so images that are decoded at once. */
  children: number
  /** What decoding may take in all children together, on top of the 100 MB of each. */
  memoryBytes?: number
  sandbox: SandboxMode
  /** Files that every child finds beside that of its job, by the name that it finds them under. */
  beside?: Record<string, string>
  logger: Logger
  limits?: Partial<ProcessorLimits>
}

/** What a child may use. */
interface ProcessorLimits extends JobLimits {
  addressSpaceBytes: number
  /** By which its work comes after that of others, as `nice` has it. */
  niceness?: number
}

interface RunOptions<Name extends JobName> {
  /** Ends the job by ending its child. */
  signal?: AbortSignal | undefined
  /** Receives each part as soon as it is there. The job ends when all parts have been taken; it must not throw. */
  onPart?: (part: JobPart<Name>) => Promise<void>
}

/** Child processes that decode, one image at a time each. */
export interface ImageProcessor {
  /**
   * Does a job in a child. The file must be the caller's own: for its child, a worker that runs as root changes its owner.
   * @throws InvalidImageError from the job, or `too_complex` if the image was given up for memory or time, twice and the second
   *   time in a fresh child
   * @throws Error of any other failure of the job; ChildUnavailableError if no child can be had
   */
  run<Name extends JobName>(
    job: Name,
    file: string,
    options: JobOptions<Name>,
    running?: RunOptions<Name>,
  ): Promise<JobResult<Name>>
  /** Starts all children. @returns the sandbox they are in @throws ChildUnavailableError if the settings require a better one */
  warm(): Promise<Sandbox>
  /** Ends all children, at once. */
  close(): Promise<void>
}

/**
 * The dearest of the accepted images, a 50-megapixel AVIF, takes 2.1 GB of address space and 5 s of processor time
 * (docs/media.md). The wall clock is for a child that waits for ever, so that a busy machine does not decide.
 */
const LIMITS: ProcessorLimits = { addressSpaceBytes: 2.5 * 1024 ** 3, cpuSeconds: 30, wallSeconds: 120 }
/** A child is replaced after so many images, or so much processor time, whichever comes first: leaks stay small. */
const IMAGES_PER_CHILD = 200
const CPU_SECONDS_PER_CHILD = 300
/** A first try may have met a child that an earlier image had left in a bad state; the second has one of its own. */
const TRIES = 2
/** Above what a child may use by the end of its last job; a backstop, as jobs are watched one by one. */
const LIFETIME_CPU_SECONDS = 2 * CPU_SECONDS_PER_CHILD
const FOLDER_PREFIX = 'darkroom-children-'
/** Every ten minutes a worker says that its folder is in use; one that was paused for a day is given up. */
const STALE_AFTER_MS = 24 * 60 * 60 * 1000
const FILE_NAME = 'image'

/** A place for a child. Its folder holds the file of the job that it does, and nothing else. */
interface Slot {
  number: number
  folder: string
  child?: ImageChild | undefined
  images: number
}

export function openImageProcessor(processor: ProcessorOptions): ImageProcessor {
  const { children, memoryBytes = 2e9, sandbox: mode, beside = {}, logger } = processor
  const memory = createBudget(memoryBytes)
  const limits = { ...LIMITS, ...processor.limits }
  const { addressSpaceBytes, niceness } = limits
  const lifetime = { addressSpaceBytes, niceness, cpuSeconds: LIFETIME_CPU_SECONDS }
  const slots: Slot[] = []
  const free: Slot[] = []
  const waiting: PromiseWithResolvers<Slot>[] = []
  let opened: Promise<{ root: LastingFolder; sandbox: Sandbox }> | undefined
  let isClosing = false

  function opening() {
    opened ??= open().catch((error: unknown) => {
      // The next job tries again.
      opened = undefined
      throw error
    })
    return opened
  }

  async function open() {
    await removeStaleFolders(FOLDER_PREFIX, STALE_AFTER_MS).catch((error: unknown) => {
      logger.warn({ err: error }, 'folders of killed workers stay')
    })
    const root = await openLastingFolder(FOLDER_PREFIX)
    try {
      // A child of another user passes through it to its own folder.
      await chmod(root.path, 0o711)
      for (let number = 0; number < children; number++) {
        const folder = join(root.path, String(number))
        await mkdir(folder)
        await chmod(folder, 0o711)
        for (const [name, path] of Object.entries(beside)) await putBeside(path, join(folder, name))
        slots.push({ number, folder, images: 0 })
      }
      const sandbox = await findSandbox(slots[0]!)
      for (const slot of slots) give(slot)
      return { root, sandbox }
    } catch (error) {
      slots.length = 0
      await root.remove()
      throw error
    }
  }

  /** Starts the first child in the strictest sandbox that works here. */
  async function findSandbox(slot: Slot): Promise<Sandbox> {
    const failures: string[] = []
    for (const sandbox of ACCEPTED[mode]) {
      try {
        await start(slot, sandbox)
        imageSandboxChosen(logger, sandbox, failures)
        return sandbox
      } catch (error) {
        if (!(error instanceof ChildUnavailableError)) throw error
        failures.push(`${sandbox}: ${error.message}`)
      }
    }
    throw new ChildUnavailableError(
      `MEDIA_SANDBOX=${mode} accepts no sandbox that works. ${failures.join(' ')}`,
    )
  }

  async function start(slot: Slot, sandbox: Sandbox): Promise<ImageChild> {
    if (isClosing) throw closed()
    slot.images = 0
    const child = await startChild(sandbox, { slot: slot.number, folder: slot.folder, limits: lifetime })
    slot.child = child
    if (!isClosing) return child
    await child.end()
    throw closed()
  }

  async function take(signal?: AbortSignal): Promise<Slot> {
    if (isClosing) throw closed()
    signal?.throwIfAborted()
    const slot = free.pop()
    if (slot) return slot
    const place = Promise.withResolvers<Slot>()
    waiting.push(place)
    const onAbort = () => {
      const at = waiting.indexOf(place)
      if (at < 0) return
      waiting.splice(at, 1)
      place.reject(signal!.reason as Error)
    }
    signal?.addEventListener('abort', onAbort)
    return place.promise.finally(() => signal?.removeEventListener('abort', onAbort))
  }

  function give(slot: Slot): void {
    const next = waiting.shift()
    if (next) next.resolve(slot)
    else free.push(slot)
  }

  /**
   * One try, for which decoding takes its share of the memory; `alone`, all of it.
   * @throws ChildDiedError if the image was given up
   */
  async function tryOnce(
    slot: Slot,
    sandbox: Sandbox,
    message: JobMessage,
    { alone, signal, onPart }: Pick<JobHooks, 'signal' | 'onPart'> & { alone: boolean },
  ): Promise<unknown> {
    let giveBack = alone ? await memory.take(Infinity, signal) : undefined
    const onWants = async (bytes: number) => {
      const since = performance.now()
      giveBack ??= await memory.take(bytes, signal)
      imageAdmitted((performance.now() - since) / 1_000, memory.taken())
    }
    try {
      const child = slot.child?.isAlive() ? slot.child : await start(slot, sandbox)
      slot.images++
      return await finish(slot, message.job, await child.work(message, limits, { signal, onPart, onWants }))
    } finally {
      giveBack?.()
    }
  }

  async function finish(slot: Slot, job: JobName, end: JobEnd): Promise<unknown> {
    imageJobDone(job, end)
    const isUsedUp = slot.images >= IMAGES_PER_CHILD || end.cpuSeconds >= CPU_SECONDS_PER_CHILD
    const isOutOfMemory = !end.ok && end.error.outOfMemory
    if (isUsedUp || isOutOfMemory) await slot.child?.end()
    if (end.ok) return end.result
    if (isOutOfMemory) throw new ChildDiedError('memory', end.error.message)
    throw receivedError(end.error)
  }

  return {
    async run(job, file, options, { signal, onPart } = {}) {
      const { sandbox } = await opening()
      const slot = await take(signal)
      const taken: Promise<void>[] = []
      const hand = (part: unknown) => taken.push(onPart!(part as never))
      const seen = join(slot.folder, FILE_NAME)
      try {
        await show(file, seen, sandboxUid(sandbox, slot.number))
        for (let tries = 1; ; tries++) {
          try {
            const hooks = { alone: tries > 1, signal, onPart: hand }
            return (await tryOnce(slot, sandbox, { job, file: seen, options }, hooks)) as never
          } catch (error) {
            if (isClosing) throw closed()
            if (!(error instanceof ChildDiedError)) throw error
            imageChildDied(logger, job, error, tries)
            if (tries === TRIES) throw tooComplex(error)
          }
        }
      } finally {
        await Promise.all(taken)
        await rm(seen, { force: true })
        give(slot)
      }
    },
    async warm() {
      const { sandbox } = await opening()
      const all = await Promise.all(slots.map(() => take()))
      await Promise.allSettled(all.map(async (slot) => slot.child?.isAlive() || start(slot, sandbox)))
      for (const slot of all) give(slot)
      return sandbox
    },
    async close() {
      isClosing = true
      for (const place of waiting.splice(0)) place.reject(closed())
      const { root } = (await opened?.catch(() => undefined)) ?? {}
      await Promise.all(slots.map(async (slot) => slot.child?.end()))
      await root?.remove()
    },
  }
}

const closed = () => new ChildUnavailableError('The worker is stopping.')

const tooComplex = (cause: ChildDiedError) =>
  new InvalidImageError('too_complex', 'Decoding the image takes more memory or time than allowed.', {
    cause,
  })

/** A copy, as the owner of the file may not be the one who starts children. */
async function putBeside(path: string, seen: string): Promise<void> {
  await copyFile(path, seen)
  await chmod(seen, 0o444)
}

/** Puts the file of a job into a child's folder: a second name of the same bytes, or a copy on another file system. */
async function show(file: string, seen: string, uid: number | undefined): Promise<void> {
  await rm(seen, { force: true })
  try {
    await link(file, seen)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    await copyFile(file, seen)
  }
  if (uid !== undefined) await chown(seen, uid, uid)
}

function receivedError({ name, message, invalid }: SentError): Error {
  if (invalid) return new InvalidImageError(invalid.code as InvalidImageCode, invalid.detail)
  return Object.assign(new Error(message), { name })
}
