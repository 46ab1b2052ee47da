import { signOutAccount } from '../services/accounts/sign-out-account.ts'
import { withDatabase } from './with-database.ts'

/** Ends what an account is signed in with. @throws DarkroomError not_found */
export const signOut = (
  username: string,
  options: { tokens?: boolean },
  progress: (line: string) => void,
): Promise<void> =>
  withDatabase(async (db) => {
    const { sessions, tokens } = await signOutAccount(db, username, options)
    progress(`${username} is signed out of ${sessions} sessions`)
    if (options.tokens) progress(`${tokens} personal access tokens are deleted`)
  })
