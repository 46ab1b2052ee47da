import { describe, expect, it } from 'vitest'
import { createSharedReads } from './shared-reads.ts'

/** A read that ends when told to; its result is how many had begun. */
function controlled() {
  const pending: PromiseWithResolvers<void>[] = []
  const read = async () => {
    const one = Promise.withResolvers<void>()
    const number = pending.push(one)
    await one.promise
    return number
  }
  return { pending, read }
}

describe('shared reads', () => {
  it('start one new read for everyone who came during a read', async () => {
    const share = createSharedReads()
    const { pending, read } = controlled()
    const first = share('key', read)
    const later = Array.from({ length: 5 }, () => share('key', read))
    expect(pending).toHaveLength(1)
    pending[0]!.resolve()
    expect(await first).toBe(1)
    await expect.poll(() => pending.length).toBe(2)
    pending[1]!.resolve()
    expect(await Promise.all(later)).toEqual([2, 2, 2, 2, 2])
    const afterwards = share('key', read)
    pending[2]!.resolve()
    expect(await afterwards).toBe(3)
  })

  it('do not wait for reads of other keys', async () => {
    const share = createSharedReads()
    const { pending, read } = controlled()
    void share('one', read)
    const other = share('other', read)
    pending[1]!.resolve()
    expect(await other).toBe(2)
  })

  it('continue after a failed read', async () => {
    const share = createSharedReads()
    const failing = share('key', () => Promise.reject(new Error('down')))
    const next = share('key', () => Promise.resolve('up'))
    await expect(failing).rejects.toThrow('down')
    expect(await next).toBe('up')
  })
})
