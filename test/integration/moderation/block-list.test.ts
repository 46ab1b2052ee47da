import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase, type Database } from '../../../src/infra/db/database.ts'
import { createBlockList, type BlockList } from '../../../src/services/screening/block-list.ts'
import { checkoutDir } from '../../../stack/instance/layout.ts'
import { noisyImage } from '../../support/factories/images.ts'

const BYTES = 'ab'.repeat(32)
const LOOKS = '8000000000000001'
const ENTRY = { verdict: 'limit', reason: 'test' } as const
let db: Database
let list: BlockList
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
  db = await openDatabase({
    url: process.env.DATABASE_URL!,
    poolSize: 2,
    statementTimeoutMs: 15_000,
    applicationName: 'block-list-test',
  })
  list = createBlockList(db)
})
afterAll(async () => {
  await db.close()
  await rm(folder, { recursive: true })
})

describe('the block list', () => {
  it('replaces verdict and reason of a hash that is there', async () => {
    expect(await list.add([{ hash: BYTES, ...ENTRY }])).toBe(1)
    expect(await list.add([{ hash: BYTES, verdict: 'quarantine', reason: 'worse' }])).toBe(0)
    expect(await list.list()).toMatchObject([{ hash: BYTES, verdict: 'quarantine', reason: 'worse' }])
    expect(await list.remove([BYTES, LOOKS])).toBe(1)
    expect(await list.list()).toEqual([])
  })

  it.each([
    ['the same', '8000000000000001', 0],
    ['six other bits', '800000000000007e', 7],
    ['far more', '7fffffffffffffff', undefined],
  ])('finds a picture with %s by its looks', async (_, hash, distance) => {
    await list.add([{ hash, ...ENTRY }])
    const perceptualHash = BigInt.asIntN(64, BigInt(`0x${LOOKS}`)).toString()
    const match = await list.match({ sha256: null, perceptualHash }, 7)
    expect(match?.distance).toBe(distance)
    const closer = await list.match({ sha256: null, perceptualHash }, 6)
    expect(closer?.distance).toBe(distance === 7 ? undefined : distance)
    await list.remove([hash])
  })

  it('reports the gravest of several matches', async () => {
    await list.add([
      { hash: BYTES, ...ENTRY },
      { hash: LOOKS, verdict: 'quarantine', reason: 'grave' },
    ])
    const photo = { sha256: Buffer.from(BYTES, 'hex'), perceptualHash: '-9223372036854775807' }
    expect(await list.match(photo, 0)).toMatchObject({ verdict: 'quarantine', reason: 'grave' })
    await list.remove([BYTES, LOOKS])
    expect(await list.match(photo, 64)).toBeUndefined()
  })
})

describe('darkroom moderation block-list', () => {
  async function darkroom(...args: string[]): Promise<string> {
    const command = ['src/cli/darkroom.ts', 'moderation', 'block-list', ...args]
    return (await promisify(execFile)(process.execPath, command, { cwd: checkoutDir })).stdout
  }

  it('adds pictures and files of hashes, lists and removes them', async () => {
    const picture = join(folder, 'picture.jpg')
    const hashes = join(folder, 'hashes.txt')
    await writeFile(picture, await noisyImage(300, 200).jpeg().toBuffer())
    await writeFile(hashes, `# known\n${BYTES.toUpperCase()}  picture.jpg\n\n${LOOKS}\n`)
    expect(await darkroom('add', picture, '--hashes', hashes, '--reason', 'spam')).toMatch(
      /^4 added, 0 were there/,
    )
    const lines = (await darkroom('list')).trim().split('\n')
    const listed = lines.map((line) => line.split(/\s+/)[0]!)
    expect(listed).toEqual(expect.arrayContaining([BYTES, LOOKS]))
    expect(listed).toHaveLength(4)
    expect(await darkroom('remove', ...listed)).toBe('4 of 4 removed\n')
  })

  it('refuses what is no hash, and adds nothing of its file', async () => {
    const hashes = join(folder, 'wrong.txt')
    await writeFile(hashes, `${BYTES}\n1234\n`)
    await expect(darkroom('add', '--hashes', hashes, '--reason', 'spam')).rejects.toMatchObject({
      stderr: expect.stringContaining('1234 is neither'),
    })
    expect(await list.list()).toEqual([])
  })
})
