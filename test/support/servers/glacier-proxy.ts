import type { ServerResponse } from 'node:http'
import { openHttpProxy } from './http-proxy.ts'

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
  const { url, close } = await openHttpProxy(s3, (asked, answer, pass) => {
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
    pass(asked.method === 'HEAD' && restore ? { 'x-amz-restore': restore } : {})
  })
  return {
    url,
    requests,
    finishRestores() {
      for (const path of restores.keys()) restores.set(path, 'done')
    },
    close,
  }
}

function refuse(answer: ServerResponse, status: number, code: string): void {
  answer.writeHead(status, { 'Content-Type': 'application/xml' })
  answer.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`)
}
