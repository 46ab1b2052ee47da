import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import * as yauzl from 'yauzl'
import { loadConfig } from '../src/config/config.ts'
import { storageOf } from '../src/infra/s3/storage-of.ts'
import { openObjectStore, type ObjectStore } from '../src/infra/s3/object-store.ts'
import { ApiClient } from '../stack/client/api-client.ts'
import type { Benchmark, Finding, Sample, Trial, TrialOptions } from './harness.ts'
import { startBenchService, type BenchService } from './service.ts'

const sizes = { small: 1_000, full: 100_000, quick: 5_000 }
/** Distinct originals in the bucket; photos share them, as the bytes are stored once anyway. */
const ORIGINALS = 200
const ORIGINAL_BYTES = 30_000
/** The least that an archive's parts get. */
const PART_BYTES = 8 * 1024 ** 2
const EXPORT_TIMEOUT_MS = 60 * 60_000
const POLL_MS = 200

export const exportOfAccount: Benchmark = {
  name: 'export',
  summary:
    'The export of an account with a hundred times as many photos as another, and the memory that it takes.',
  once: true,
  open,
}

interface ExportAnswer {
  export: { id: string; status: string; url?: string }
}

interface Exported {
  photos: number
  owner: ApiClient
  exportId: string
}

async function open({ quick, documents }: TrialOptions): Promise<Trial> {
  const large = documents ?? (quick ? sizes.quick : sizes.full)
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-bench-archives-'))
  const service = await startBenchService()
  const objects = openStorage(service)
  const close = async () => {
    objects.close()
    await service.stop()
    await rm(folder, { recursive: true })
  }
  try {
    await storeOriginals(service, objects)
    const exported = new Map<string, Exported>()
    /** In a worker that has just started, and has written a small archive, so that its code and connections are there. */
    const contender = (name: string, photos: number) => ({
      name,
      setting: `${photos.toLocaleString('en')} photos, through the API and the orchestration worker`,
      async measure(): Promise<Sample> {
        await service.app.terminate('orchestration')
        await service.app.start('orchestration')
        await exportAll(await ownerOf(service, sizes.small))
        const owner = await ownerOf(service, photos)
        await service.settle()
        const pid = await orchestrationWorker()
        await forgetPeak(pid)
        const before = await peakMiB(pid)
        const start = performance.now()
        const exportId = await exportAll(owner)
        const seconds = (performance.now() - start) / 1_000
        exported.set(name, { photos, owner, exportId })
        const peak = await peakMiB(pid)
        return { peakMiB: peak, grownMiB: peak - before, photosPerSecond: photos / seconds }
      },
    })
    return {
      conditions: {
        originals: `${ORIGINALS} of ${ORIGINAL_BYTES.toLocaleString('en')} bytes, which all photos share; each photo has a caption, two tags and what its file says`,
        memory:
          'the highest resident set of the orchestration worker (VmHWM), which does nothing else meanwhile, and what it was before',
        servers: 'on the same cores',
      },
      contenders: [
        contender('small', sizes.small),
        contender('large', large),
        {
          name: 'bare copy',
          setting: `${large.toLocaleString('en')} reads of originals, and their bytes in parts of 8 MiB: no rows, no ZIP`,
          measure: async () => ({ photosPerSecond: await copyBare(objects, large) }),
        },
      ],
      comparisons: [
        {
          figure: 'grownMiB',
          unit: 'MiB more than before the export',
          ours: 'large',
          reference: 'small',
          goal: { of: 'difference', atMost: 64 },
        },
        { figure: 'peakMiB', unit: 'MiB in all', ours: 'large', reference: 'small' },
        { figure: 'photosPerSecond', unit: 'photos/s', ours: 'large', reference: 'bare copy' },
      ],
      verify: () => verify(folder, exported),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function openStorage({ instance }: BenchService): ObjectStore {
  const config = loadConfig(instance.env)
  return openObjectStore({
    ...storageOf(config),
    bucket: config.S3_BUCKET,
  })
}

const originalKey = (n: number): string => `bench/originals/${n}`

async function storeOriginals({ admin }: BenchService, objects: ObjectStore): Promise<void> {
  for (let n = 0; n < ORIGINALS; n++)
    await objects.put(originalKey(n), randomBytes(ORIGINAL_BYTES), 'image/jpeg')
  await admin.query(
    `INSERT INTO blobs (blob_id, sha256, bytes, object_key, state)
     SELECT gen_random_uuid(), sha256(n::text::bytea), $2, 'bench/originals/' || n, 'live'
     FROM generate_series(0, $1::integer - 1) n`,
    [ORIGINALS, ORIGINAL_BYTES],
  )
}

let owners = 0

/** A new account with so many published photos. */
async function ownerOf({ app, admin }: BenchService, photos: number): Promise<ApiClient> {
  const owner = await new ApiClient(app.url).signUp(`exporter${++owners}`)
  await admin.query('SET session_replication_role = replica')
  await admin.query(INSERT, [owner.username, photos])
  await admin.query('SET session_replication_role = origin')
  await admin.query('ANALYZE photos')
  return owner
}

// Of the last three years, so that folders and pages are as many as those of a real library.
const INSERT = `
  WITH kept AS (SELECT array_agg(blob_id) AS blobs FROM blobs WHERE object_key LIKE 'bench/%'),
  made AS (
    INSERT INTO photos (photo_id, owner_id, status, visibility, content_type, bytes, width, height, caption, blob_id,
      upload_expires_at, published_at, score, taken_at)
    SELECT uuidv7(), u.user_id, 'ready', 'private', 'image/jpeg', ${ORIGINAL_BYTES}, 4000, 3000,
      'Photo number ' || i || ' of the harbour in the fog', blobs[1 + i % cardinality(blobs)], now(), now(), i,
      now()::timestamp - i * interval '15 minutes'
    FROM users u, kept, generate_series(1, $2::integer) i WHERE u.username = $1
    RETURNING photo_id),
  tags AS (
    INSERT INTO photo_tags (photo_id, tag, display, position)
    SELECT photo_id, tag, tag, position FROM made, (VALUES ('harbour', 0), ('fog', 1)) t (tag, position))
  INSERT INTO photo_metadata (photo_id, orientation, camera_make, camera_model, iso)
  SELECT photo_id, 1, 'Leica', 'M10', 200 FROM made`

/** Waits until the archive can be downloaded. @returns its id */
async function exportAll(owner: ApiClient): Promise<string> {
  const { export: asked } = await owner.call<ExportAnswer>('POST', '/v1/me/exports')
  await owner.until(
    'the export is ready',
    async () => {
      const answer = await owner.send<Partial<ExportAnswer>>('GET', `/v1/me/exports/${asked.id}`)
      // An access token lives shorter than a long export.
      if (answer.status === 401) await owner.signIn(owner.username)
      return answer.body.export?.status === 'ready'
    },
    EXPORT_TIMEOUT_MS,
    POLL_MS,
  )
  return asked.id
}

/** The worker, a child of this process. */
async function orchestrationWorker(): Promise<number> {
  const children = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
  for (const child of children.trim().split(' ').map(Number)) {
    const command = await readFile(`/proc/${child}/cmdline`, 'utf8')
    if (command.includes('workers/orchestration')) return child
  }
  throw new Error('the orchestration worker is not a child of this process')
}

/** From now on, the peak is that of what comes. proc_pid_clear_refs(5). */
const forgetPeak = (pid: number): Promise<void> => writeFile(`/proc/${pid}/clear_refs`, '5')

async function peakMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) / 1_024
}

/** @returns photos a second */
async function copyBare(objects: ObjectStore, photos: number): Promise<number> {
  const key = 'bench/copy'
  const start = performance.now()
  const uploadId = await objects.beginParts(key, 'application/zip')
  const parts: { number: number; bytes: number; etag: string }[] = []
  let chunks: Buffer[] = []
  let bytes = 0
  const store = async () => {
    const number = parts.length + 1
    parts.push({ number, bytes, etag: await objects.putPart(key, uploadId, number, Buffer.concat(chunks)) })
    chunks = []
    bytes = 0
  }
  for (let n = 0; n < photos; n++) {
    chunks.push(await objects.readRange(originalKey(n % ORIGINALS), 0, ORIGINAL_BYTES))
    bytes += ORIGINAL_BYTES
    if (bytes >= PART_BYTES) await store()
  }
  if (bytes > 0) await store()
  await objects.completeParts(key, uploadId, parts)
  return photos / ((performance.now() - start) / 1_000)
}

/** Each archive as its owner downloads it, read by an independent reader. */
async function verify(folder: string, exported: ReadonlyMap<string, Exported>): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [name, { photos, owner, exportId }] of exported) {
    const file = join(folder, `${name}.zip`)
    await owner.signIn(owner.username)
    const answer = await owner.call<ExportAnswer>('GET', `/v1/me/exports/${exportId}`)
    const { body } = await fetch(answer.export.url!)
    await pipeline(Readable.fromWeb(body as ReadableStream), createWriteStream(file))
    const { size } = await stat(file)
    const zip = await yauzl.openPromise(file, { strictFileNames: true })
    let originals = 0
    for await (const { fileName, uncompressedSize } of zip.eachEntry())
      if (fileName.startsWith('photos/') && uncompressedSize === ORIGINAL_BYTES) originals++
    findings.push({
      what: `originals in the archive of ${Math.round(size / 1e6)} MB (${name})`,
      value: String(originals),
      holds: originals === photos,
    })
    await rm(file)
  }
  return findings
}
