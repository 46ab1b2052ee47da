/** Where an account leaves something. */
export const ERASURE_STORES = ['postgres', 'redis', 'opensearch', 'bucket', 'edges', 'temporal'] as const
export type ErasureStore = (typeof ERASURE_STORES)[number]

/** How long the receipt of an erasure can be read. */
export const RECEIPT_DAYS = 90
/** So long nobody takes the name of an account that was erased: links and mentions would lead to someone else. */
export const NAME_RESERVED_DAYS = 365
/** The name of whoever has left for good. */
export const NAME_OF_ERASED = 'deleted'
