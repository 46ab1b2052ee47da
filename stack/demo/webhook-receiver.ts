import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { selfSigned } from '../self-signed.ts'

/** What was posted to the receiver. */
interface Received {
  headers: IncomingHttpHeaders
  body: string
}

/** A receiver of webhooks on this machine, as the program of a user would be. */
export interface WebhookReceiver {
  url: string
  received: readonly Received[]
  /** With these, the service posts to this address of a private network, by a certificate that it trusts. */
  settings: Record<string, string>
}

/** It ends with this process. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const { key, cert } = selfSigned()
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-receiver-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const certFile = join(folder, 'cert.pem')
  writeFileSync(certFile, cert)

  const received: Received[] = []
  const server = createServer({ key, cert }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
      response.writeHead(204).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `https://127.0.0.1:${port}/darkroom`,
    received,
    settings: {
      OUTGOING_NETWORKS: '127.0.0.1/32',
      OUTGOING_PORTS: `443,${port}`,
      NODE_EXTRA_CA_CERTS: certFile,
    },
  }
}
