import type { StaffMember } from '../../services/moderation/staff.ts'
import { step, type SignedIn, type Step } from '../context.ts'

/** Only for those who moderate, of this role or one above it: adds `ctx.staff`. Behind `signedIn()`. */
export function staff(role: StaffMember['role']): Step<{ viewer: SignedIn }, { staff: StaffMember }> {
  return step<{ viewer: SignedIn }, { staff: StaffMember }>({}, async (ctx, next) => {
    ctx.staff = await ctx.services.staff.assert(ctx.viewer, role)
    await next()
  })
}
