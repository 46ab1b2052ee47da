import type { openAccounts } from '../accounts/module.ts'
import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import { createApproveWaiting } from './approve-waiting.ts'
import { createBlocks } from './blocks.ts'
import { createEditAccount } from './edit-account.ts'
import { createFollowRequests } from './follow-requests.ts'
import { createFollows } from './follows.ts'
import { createMutes } from './mutes.ts'
import { createProfiles } from './profiles.ts'

/** The social graph and its consent, and profiles as others see them. */
export function openGraph(
  { config, db }: Clients,
  { accounts }: Pick<ReturnType<typeof openAccounts>, 'accounts'>,
  { outbox }: Delivery,
) {
  return {
    follows: createFollows({ db, outbox }),
    followRequests: createFollowRequests({ db }),
    blocks: createBlocks({ db, outbox }),
    mutes: createMutes({ db }),
    profiles: createProfiles(),
    editAccount: createEditAccount({ db, accounts, outbox, mayReadTexts: config.READ_TEXT_IN_PHOTOS }),
  }
}

/** What accountSync does for an account that opens. */
export function openGraphSteps({ db }: Clients) {
  return { approveWaiting: createApproveWaiting({ db }) }
}
