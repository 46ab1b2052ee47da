import type { openAccounts } from '../accounts/module.ts'
import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import { admitDeliveries } from './admit-deliveries.ts'
import { createAttemptDelivery } from './attempt-delivery.ts'
import { createDeliveries } from './deliveries.ts'
import { createWebhooks } from './webhooks.ts'

/** Addresses that accounts have told what happens to them. */
export function openWebhooks(
  { config, db, userUrls }: Clients,
  { securityEvents }: Pick<ReturnType<typeof openAccounts>, 'securityEvents'>,
) {
  return {
    webhooks: createWebhooks({ db, userUrls, securityEvents, key: config.WEBHOOK_KEY }),
    webhookDeliveries: createDeliveries({ db }),
  }
}

/** What webhookDelivery does, and what admits its deliveries. */
export function openDeliveryAttempts(clients: Clients, { outbox }: Pick<Delivery, 'outbox'>) {
  const { config, db, userUrls, logger } = clients
  return {
    attempt: createAttemptDelivery({
      db,
      userUrls,
      key: config.WEBHOOK_KEY,
      failingDays: config.WEBHOOK_FAILING_DAYS,
      logger,
    }),
    background: (signal: AbortSignal) => admitDeliveries({ db, outbox, logger }, signal),
  }
}
