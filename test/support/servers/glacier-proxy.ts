import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An S3 whose objects of the class GLACIER have to be restored before they can be read, before a real S3 that has no such class. */
export interface GlacierProxy {
  url: string
  /** Ends the restores that are under way, as Amazon does after some hours. */
  finishRestores(): void
  /** Restores that were asked for, by path. */
  requests: string[]
  close(): Promise<void>
}

/**
 * Answers RestoreObject, `x-amz-restore` and InvalidObjectState as
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html says; passes everything else on as it is.
 */
export async function openGlacierProxy(s3: string): Promise<GlacierProxy> {
  const restores = new Map<string, 'ongoing' | 'done'>()
  const requests: string[] = []
  const server = createServer((asked, answer) => {
    const { pathname, searchParams } = new URL(asked.url!, s3)
    const state = restores.get(pathname)
    if (asked.method === 'POST' && searchParams.has('restore')) {
      asked.resume()
      requests.push(pathname)
      if (state === 'ongoing') return refuse(answer, 409, 'RestoreAlreadyInProgress')
      restores.set(pathname, 'ongoing')
      return void answer.writeHead(202).end()
    }
    if (asked.method === 'GET' && pathname.split('/').length > 2 && state !== 'done')
      return refuse(answer, 403, 'InvalidObjectState')
    const restore =
      state &&
      (state === 'done'
        ? 'ongoing-request="false", expiry-date="Fri, 01 Jan 2100 00:00:00 GMT"'
        : 'ongoing-request="true"')
    pass(s3, asked, answer, asked.method === 'HEAD' && restore ? { 'x-amz-restore': restore } : {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    finishRestores() {
      for (const path of restores.keys()) restores.set(path, 'done')
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

function refuse(answer: ServerResponse, status: number, code: string): void {
  answer.writeHead(status, { 'Content-Type': 'application/xml' })
  answer.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`)
}

function pass(
  s3: string,
  asked: IncomingMessage,
  answer: ServerResponse,
  more: Record<string, string>,
): void {
  const onward = request(
    new URL(asked.url!, s3),
    { method: asked.method!, headers: asked.headers },
    (got) => {
      answer.writeHead(got.statusCode!, { ...got.headers, ...more })
      got.pipe(answer)
    },
  )
  onward.on('error', () => answer.destroy())
  asked.pipe(onward)
}
