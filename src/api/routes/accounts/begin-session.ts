import type { Account } from '../../../services/accounts/accounts.ts'
import type { Device } from '../../../services/accounts/devices.ts'
import type { SignInProof } from '../../../services/accounts/sessions.ts'
import type { ApiContext } from '../../context.ts'
import { presentSignedIn } from './session-presenter.ts'

/** Every sign-in ends here: the device has a session, and gets its tokens. */
export async function beginSession(
  ctx: ApiContext,
  account: Account,
  device: Device,
  proof: SignInProof,
): Promise<void> {
  const { sessions, accessTokens } = ctx.services
  const session = await sessions.open(account.userId, device, proof)
  ctx.status = 201
  ctx.set('Cache-Control', 'no-store')
  ctx.body = presentSignedIn(account, session, await accessTokens.issue(session), ctx.people)
}
