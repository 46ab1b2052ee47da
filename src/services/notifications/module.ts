import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import { openEventPublisher } from '../events/module.ts'
import { createAnnounce } from './announce.ts'
import { createNotificationSettings } from './notification-settings.ts'
import { createNotifications } from './notifications.ts'
import { wakeWriters } from './wake-writers.ts'
import { createWriteNotifications } from './write-notifications.ts'

/** What accounts are told of, and how they want to hear of it. */
export function openNotifications(clients: Clients) {
  const { db } = clients
  return {
    notifications: createNotifications({ db, announce: openAnnounce(clients) }),
    notificationSettings: createNotificationSettings({ db }),
  }
}

/** What notificationWriter does, and what wakes it. */
export function openNotificationWriter(clients: Clients, { starts }: Pick<Delivery, 'starts'>) {
  const { db, temporal, logger } = clients
  return {
    writeNotifications: createWriteNotifications({ db, announce: openAnnounce(clients) }),
    background: (signal: AbortSignal) => wakeWriters({ db, temporal, starts, logger }, signal),
  }
}

function openAnnounce(clients: Clients) {
  const { db, breaker, logger } = clients
  return createAnnounce({ primary: db.primary, breaker, logger, ...openEventPublisher(clients) })
}
