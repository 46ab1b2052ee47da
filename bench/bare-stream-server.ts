import { createServer, type ServerResponse } from 'node:http'
import { openRedis } from '../src/infra/redis/client.ts'

/**
 * The least that can hold streams of server-sent events, as a reference: Node's own server and a Redis subscription for each
 * account, whose messages are written as they arrive. It knows no tickets, sessions, ids, replay, limits or slow clients.
 * `GET /stream/<userId>` opens a stream, `GET /memory` tells what the process has used.
 */
const { REDIS_URL, BARE_PORT } = process.env

const redis = openRedis(REDIS_URL!)
const streams = new Map<string, ServerResponse>()
redis.on('message', (channel: string, data: string) =>
  streams.get(channel)?.write(`event: unread\ndata: ${data}\n\n`),
)

const server = createServer((request, response) => {
  if (request.url === '/memory') {
    const { user, system } = process.cpuUsage()
    response.end(JSON.stringify({ rss: process.memoryUsage.rss(), cpu: (user + system) / 1e6 }))
    return
  }
  const channel = `bare${request.url!}`
  response.writeHead(200, { 'Content-Type': 'text/event-stream', Connection: 'close' })
  streams.set(channel, response)
  response.once('close', () => {
    streams.delete(channel)
    void redis.unsubscribe(channel)
  })
  void redis.subscribe(channel).then(() => response.write('event: ready\ndata: {}\n\n'))
})

server.listen(Number(BARE_PORT), '127.0.0.1', () => console.log('listening'))
