import { openAccounts } from './accounts/module.ts'
import { openAlbums } from './albums/module.ts'
import { openRestoreRequests } from './cold-storage/module.ts'
import { openAvatars } from './avatars/module.ts'
import type { Clients } from './clients.ts'
import { openDelivery } from './delivery/module.ts'
import { openDiscovery } from './discovery/module.ts'
import { openContentSearch } from './embeddings/module.ts'
import { openEngagement } from './engagement/module.ts'
import { openEvents } from './events/module.ts'
import { openExports } from './exports/module.ts'
import { openFeed } from './feed/module.ts'
import { openGraph } from './graph/module.ts'
import { openLeaving } from './leaving/module.ts'
import { openLists } from './lists/module.ts'
import { openModeration } from './moderation/module.ts'
import { openNotifications } from './notifications/module.ts'
import { openOperations } from './operations/module.ts'
import { openPhotos } from './photos/module.ts'
import { openRequests } from './requests/module.ts'
import { openSearch } from './search/module.ts'
import { openShareLinks } from './share-links/module.ts'
import { openUploads } from './uploads/module.ts'
import { openPushSubscriptions } from './web-push/module.ts'
import { openWebhooks } from './webhooks/module.ts'

/** Every use case of the API, module by module. Workers open the modules that their activities need. */
export function openServices(clients: Clients) {
  const delivery = openDelivery(clients)
  const accounts = openAccounts(clients, delivery)
  const search = openSearch(clients)
  const uploads = openUploads(clients, delivery)
  const { background: feedBackground, ...feed } = openFeed(clients)
  const { background: eventsBackground, ...events } = openEvents(clients, accounts)
  return {
    ...openLists(clients),
    ...openRequests(clients),
    ...accounts,
    ...openLeaving(clients, accounts, delivery),
    ...openGraph(clients, accounts, delivery),
    ...openPhotos(clients, delivery),
    ...openRestoreRequests(clients, delivery),
    ...openAlbums(clients, delivery),
    ...uploads,
    ...openAvatars(clients, delivery),
    ...openShareLinks(clients, accounts, uploads, delivery),
    ...feed,
    ...search,
    ...openDiscovery(search),
    ...openContentSearch(clients),
    ...openEngagement(clients),
    ...openModeration(clients, delivery, accounts),
    ...openNotifications(clients),
    ...openWebhooks(clients, accounts),
    ...openPushSubscriptions(clients),
    ...openExports(clients, delivery),
    ...openOperations(clients),
    ...events,
    /** The background tasks, which run until the signal aborts. */
    background: async (signal: AbortSignal): Promise<void> => {
      await Promise.all([feedBackground(signal), eventsBackground(signal)])
    },
  }
}

export type Services = ReturnType<typeof openServices>
