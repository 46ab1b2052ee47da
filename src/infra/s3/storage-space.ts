const ANSWER_MS = 5_000

/** The part of a SeaweedFS volume server's `/status` that tells of its disks. */
interface VolumeStatus {
  DiskStatuses?: { all: number; free: number }[]
}

/**
 * The space of all disks of these SeaweedFS volume servers. S3 itself has no such call.
 * @param urls the address of each one's `/status`
 * @throws unless each of them answers
 */
export async function readStorageSpace(
  urls: readonly string[],
  signal?: AbortSignal,
): Promise<{ freeBytes: number; capacityBytes: number }> {
  const disks = await Promise.all(
    urls.map(async (url) => {
      const deadline = AbortSignal.timeout(ANSWER_MS)
      const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, deadline]) : deadline })
      const { DiskStatuses } = (await response.json()) as VolumeStatus
      if (!response.ok || !DiskStatuses) throw new Error(`${url} tells of no disks`)
      return DiskStatuses
    }),
  )
  const sum = (of: 'all' | 'free') => disks.flat().reduce((total, disk) => total + disk[of], 0)
  return { freeBytes: sum('free'), capacityBytes: sum('all') }
}
