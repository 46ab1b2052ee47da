import { randomUUID } from 'node:crypto'
import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { DarkroomError } from '../domain/errors.ts'
import { problemOf } from './errors.ts'

/** The error for a request that Node's parser refused, by the parser's code. */
function errorOf(code: string | undefined): DarkroomError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new DarkroomError('headers_too_large', 'The request line and headers are longer than 16 KiB.')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new DarkroomError('request_timeout', 'The request did not arrive in time.')
    default:
      return new DarkroomError('malformed', 'This is not an HTTP request.')
  }
}

/**
 * Answers requests that Node's parser refuses with a problem document, then closes the connection,
 * since nobody knows where the next request would start.
 * @param underWay the response that was last begun on the connection
 */
export function refuseUnparsed(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  underWay: ServerResponse | undefined,
): void {
  // A started response cannot be taken back, and a document in the middle would read as part of it.
  const isAnswering = underWay !== undefined && underWay.headersSent && !underWay.writableFinished
  if (!socket.writable || isAnswering) {
    socket.destroy()
    return
  }
  const requestId = randomUUID()
  const { problem } = problemOf(errorOf(error.code), requestId)
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
