import { Gauge } from 'prom-client'

/** `storage`: what the storage itself reports. `setting`: S3_CAPACITY_BYTES, less the originals of all accounts. */
export type StorageSource = 'storage' | 'setting'

export interface StorageSpace {
  freeBytes: number
  capacityBytes: number
}

const free = new Gauge({
  name: 'darkroom_storage_free_bytes',
  help: 'Bytes that the storage can still take',
  labelNames: ['by'] as const,
})

const capacity = new Gauge({
  name: 'darkroom_storage_capacity_bytes',
  help: 'Bytes that the storage can take altogether',
  labelNames: ['by'] as const,
})

export function reportStorageSpace(by: StorageSource, { freeBytes, capacityBytes }: StorageSpace): void {
  free.set({ by }, freeBytes)
  capacity.set({ by }, capacityBytes)
}

/** A process that no longer knows reports nothing, as its last value would stay forever. */
export function forgetStorageSpace(by: StorageSource): void {
  free.remove({ by })
  capacity.remove({ by })
}
