import { createHash, timingSafeEqual } from 'node:crypto'
import ipaddr from 'ipaddr.js'
import { DarkroomError } from '../../domain/errors.ts'
import { step, type ApiContext, type Step } from '../context.ts'

/** Whether the request carries this bearer token, compared in constant time whatever its length. */
export function carriesToken(ctx: ApiContext, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(ctx.get('Authorization')), digest(`Bearer ${token}`))
}

/** Whether the request comes from this machine itself and no proxy passed it on. */
export function isFromLoopback(ctx: ApiContext): boolean {
  const address = ctx.req.socket.remoteAddress
  if (address === undefined || ctx.get('X-Forwarded-For') !== '' || ctx.get('Forwarded') !== '') return false
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback'
}

/** For those who run the service: this machine, or the bearer of the token. */
export function operator(token: string): Step {
  return step({ security: 'operator' }, async (ctx, next) => {
    if (!isFromLoopback(ctx) && !carriesToken(ctx, token)) {
      throw new DarkroomError('unauthenticated', 'For the internal network or with the metrics token.')
    }
    await next()
  })
}

/** For the storage's notifications alone. */
export function storageEventSender(token: string): Step {
  return step({ security: 'storageEvents' }, async (ctx, next) => {
    if (!carriesToken(ctx, token))
      throw new DarkroomError('unauthenticated', 'The storage events token is missing or wrong.')
    await next()
  })
}
