import { Listr } from 'listr2'
import { openDatabase } from '../../src/infra/db/database.ts'
import { grantRole } from '../../src/services/moderation/roles.ts'
import { ApiClient, variantOf, type Page, type PhotoAnswer } from '../client/api-client.ts'
import { ms } from './milliseconds.ts'

export interface ModerationOptions {
  /** Where the API is, for example `http://127.0.0.1:3000`. */
  apiUrl: string
  /** Of the service: roles are given by its operator. */
  databaseUrl: string
  author: ApiClient
  /** Follows the author, and reports. */
  follower: ApiClient
  /** A public photo of the author, and a tag of it. */
  photoId: string
  tag: string
}

interface Found extends Page<PhotoAnswer> {
  total: number
  facets: { tags: { value: string; count: number }[]; years: { value: string; count: number }[] }
}

/**
 * A search with facets; then a report, a takedown that hides the photo from a follower's feed and from search at once, and an
 * appeal that another moderator grants.
 * @throws Error at the first part that does not hold
 */
export async function runModeration(options: ModerationOptions): Promise<void> {
  const { author, follower, photoId, tag } = options
  const [first, second] = [new ApiClient(options.apiUrl), new ApiClient(options.apiUrl)]
  const search = () =>
    follower.call<Found>('GET', `/v1/search/photos?tag=${tag}&user=${author.username}&facets=tags,years`)
  const isFound = async () => (await search()).items.some(({ id }) => id === photoId)
  const isInFeed = async () => (await follower.walk('/v1/feed')).some(({ id }) => id === photoId)
  let caseId = ''
  let url = ''

  await new Listr(
    [
      {
        title: `${follower.username} searches for #${tag}, with facets`,
        task: async (_: unknown, task: { title: string }) => {
          await follower.until('search finds the photo', isFound)
          const { total, facets } = await search()
          const tags = facets.tags.map(({ value, count }) => `#${value} ${count}`).join(', ')
          if (!tags.includes(`#${tag} ${total}`)) throw new Error(`the facets are ${tags}`)
          task.title = `${follower.username} finds ${total} of #${tag}; beside it ${tags}; by year ${facets.years.map(({ value, count }) => `${value}: ${count}`).join(', ')}`
        },
      },
      {
        title: `${follower.username} reports a photo, and a moderator claims the case`,
        task: async (_: unknown, task: { title: string }) => {
          const run = author.username.split('-').at(-1)!
          await first.signUp(`mo-${run}`)
          await second.signUp(`mia-${run}`)
          await giveRoles(options.databaseUrl, [first.username, second.username])
          const report = { subject: { type: 'photo', id: photoId }, reason: 'copyright', detail: 'Not hers.' }
          await follower.call('POST', '/v1/reports', report)
          const { items } = await first.call<Page<{ id: string; subject: { id: string }; dueAt: string }>>(
            'GET',
            '/v1/moderation/cases?policy=copyright&limit=100',
          )
          const found = items.find(({ subject }) => subject.id === photoId)
          if (!found) throw new Error('the queue has no case of it')
          caseId = found.id
          await first.call('PUT', `/v1/moderation/cases/${caseId}/claim`)
          task.title = `Reported: a case, due by ${found.dueAt}, claimed by ${first.username}`
        },
      },
      {
        title: 'The photo is taken down',
        task: async (_: unknown, task: { title: string }) => {
          await follower.until('the photo is in the feed', isInFeed)
          url = variantOf(await follower.photo(photoId), 'medium_800', 'jpeg').url
          await decide(first, caseId, 'takedown', 'It was made by somebody else.')
          const since = performance.now()
          if (await isInFeed()) throw new Error('the photo is still in the feed')
          if (await isFound()) throw new Error('search still finds the photo')
          const tookMs = performance.now() - since
          const refusal = await follower.until('the image URL is refused', async () => {
            const response = await fetch(url, { signal: AbortSignal.timeout(10_000) })
            await response.body?.cancel()
            return response.ok ? undefined : response.status
          })
          task.title = `Taken down: gone from the feed and from search at the next reads (${ms(tookMs)}), its image URL refused with ${refusal} after ${ms(performance.now() - since)}`
        },
      },
      {
        title: `${author.username} appeals, and another moderator restores it`,
        task: async (_: unknown, task: { title: string }) => {
          const [decision] = await author.walk<{ id: string; policy: { title: string }; reason: string }>(
            '/v1/me/moderation',
          )
          if (!decision) throw new Error('the owner was not told why')
          await author.call('POST', `/v1/me/moderation/${decision.id}/appeals`, { text: 'I made it myself.' })
          const { status } = await decideQuietly(first, caseId)
          if (status !== 403) throw new Error(`who decided may answer the appeal: ${status}`)
          await decide(second, caseId, 'restore', 'She has shown that it is hers.')
          const since = performance.now()
          await follower.until('the photo is back in the feed', isInFeed)
          await follower.until('search finds the photo again', isFound)
          task.title = `${author.username} was told why (${decision.policy.title}: ${decision.reason}) and appealed; ${second.username} restored it: in the feed and found again after ${ms(performance.now() - since)}`
        },
      },
    ],
    {
      exitOnError: true,
      rendererOptions: { collapseSubtasks: false },
      fallbackRendererCondition: !process.stdout.isTTY,
    },
  ).run()
}

const decide = (who: ApiClient, caseId: string, action: string, reason: string) =>
  who.call('POST', `/v1/moderation/cases/${caseId}/decisions`, { action, policy: 'copyright', reason })

const decideQuietly = (who: ApiClient, caseId: string) =>
  who.send('POST', `/v1/moderation/cases/${caseId}/decisions`, {
    body: { action: 'restore', policy: 'copyright', reason: 'I was wrong.' },
  })

/** As `darkroom moderation grant` does. */
async function giveRoles(databaseUrl: string, usernames: readonly string[]): Promise<void> {
  const db = await openDatabase({
    url: databaseUrl,
    poolSize: 1,
    statementTimeoutMs: 10_000,
    applicationName: 'darkroom-demo',
  })
  try {
    for (const username of usernames) await grantRole(db, username, 'moderator')
  } finally {
    await db.close()
  }
}
