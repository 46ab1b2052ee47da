import { createVapid } from '../../infra/web-push/vapid.ts'
import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import { createSendPushes } from './send-pushes.ts'
import { createPushSubscriptions } from './subscriptions.ts'
import { wakeSenders } from './wake-senders.ts'

/** Devices that are told of notifications. */
export function openPushSubscriptions(clients: Clients) {
  const { db, userUrls } = clients
  return {
    pushSubscriptions: createPushSubscriptions({ db, userUrls, publicKey: openVapid(clients)?.publicKey }),
  }
}

/** What webPushSender does, and what wakes it; undefined where the settings have no key. */
export function openWebPushSender(clients: Clients, { starts }: Pick<Delivery, 'starts'>) {
  const { db, temporal, userUrls, logger } = clients
  const vapid = openVapid(clients)
  return (
    vapid && {
      sendPushes: createSendPushes({ db, userUrls, vapid }),
      background: (signal: AbortSignal) => wakeSenders({ db, temporal, starts, logger }, signal),
    }
  )
}

/** @throws RangeError for a key that is none */
function openVapid({ config: { WEB_PUSH_KEY: key, WEB_PUSH_CONTACT: contact, PUBLIC_URL } }: Clients) {
  return key === undefined ? undefined : createVapid(key, contact ?? PUBLIC_URL)
}
