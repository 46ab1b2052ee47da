import { Client, Connection } from '@temporalio/client'

export interface TemporalOptions {
  address: string
  namespace: string
}

/**
 * A client that connects on first use: with the server down a call fails at its own deadline
 * (`client.withDeadline`), not after the 10 s that an eager connection takes.
 */
export function openTemporal(options: TemporalOptions): Client {
  const connection = Connection.lazy({ address: options.address, connectTimeout: '2s' })
  return new Client({ connection, namespace: options.namespace })
}
