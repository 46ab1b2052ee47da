import { randomUUID } from 'node:crypto'
import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { DarkroomError } from '../domain/errors.ts'
import { problemOf } from './errors.ts'

/** What Node's parser refused, by its code. */
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
 * Answers requests that never become one, because Node's parser refuses them, with a problem document as all others; the
 * connection is closed, since where the next request would begin is not known.
 * @param underWay the response that was last begun on the connection
 */
export function refuseUnparsed(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  underWay: ServerResponse | undefined,
): void {
  // What was begun cannot be taken back, and a document in the middle of it would read as a part of it.
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
