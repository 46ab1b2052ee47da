import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface HttpProxy {
  url: string
  close: () => Promise<void>
}

/** Passes a request on as it is, with its Host, which signatures may cover; `more` is added to the answer's headers. */
export type Pass = (more?: Record<string, string>) => void

/**
 * A server before a real one, where each request is answered, passed on, or held without an answer.
 * @param handle what does not pass is up to it
 */
export async function openHttpProxy(
  target: string,
  handle: (asked: IncomingMessage, answer: ServerResponse, pass: Pass) => void,
): Promise<HttpProxy> {
  const server = createServer((asked, answer) => {
    handle(asked, answer, (more = {}) => {
      const onward = request(
        new URL(asked.url!, target),
        { method: asked.method!, headers: asked.headers },
        (got) => {
          answer.writeHead(got.statusCode!, { ...got.headers, ...more })
          got.pipe(answer)
        },
      )
      onward.on('error', () => answer.destroy())
      asked.pipe(onward)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
