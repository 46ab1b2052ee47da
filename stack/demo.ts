import { parseArgs } from 'node:util'
import { runAccounts } from './demo/accounts.ts'
import { GRACE_SECONDS, runLeaving } from './demo/leaving.ts'
import { describeMainJob, runMainJob, type MainJobOptions } from './demo/main-job.ts'
import { runModeration } from './demo/moderation.ts'
import { runPhonePhoto } from './demo/phone-photo.ts'
import { runSharing } from './demo/sharing.ts'
import { runTrash } from './demo/trash.ts'
import { runDemo } from './demo/run-demo.ts'
import { startWebhookReceiver } from './demo/webhook-receiver.ts'
import { ensureStack } from './install/install.ts'

const { values: options } = parseArgs({ options: { once: { type: 'boolean', default: false } } })

const receiver = await startWebhookReceiver()
const DAY_SECONDS = 24 * 60 * 60

await runDemo({
  once: options.once,
  settings: { ...receiver.settings, ACCOUNT_GRACE_DAYS: String(GRACE_SECONDS / DAY_SECONDS) },
  async show(service) {
    const job: MainJobOptions = {
      apiUrl: service.urls.api,
      temporalUiUrl: service.urls.temporal || undefined,
      temporalNamespace: service.env.TEMPORAL_NAMESPACE ?? 'default',
      samplePhotos: (await ensureStack(() => undefined)).samplePhotos,
    }
    const report = await runMainJob(job)
    const phonePhotos = await runPhonePhoto({
      databaseUrl: service.env.DATABASE_URL!,
      author: report.author,
      follower: report.followers[1]!,
      other: report.followers[2]!,
    })
    await runTrash({
      author: report.author,
      follower: report.followers[1]!,
      photoId: report.photos[0]!.photoId,
    })
    await runModeration({
      apiUrl: job.apiUrl,
      databaseUrl: service.env.DATABASE_URL!,
      author: report.author,
      follower: report.followers[2]!,
      photoId: report.photos[2]!.photoId,
      tag: 'cat',
    })
    await runSharing({
      apiUrl: job.apiUrl,
      author: report.author,
      followers: report.followers,
      photoIds: report.photos.map(({ photoId }) => photoId),
      privatePhotoId: report.narrowing.photoId,
    })
    const leaver = { user: report.followers[2]!, photoId: phonePhotos.ofOther }
    const { recoveryCodes } = await runAccounts({ ...leaver, friend: report.author, receiver })
    await runLeaving({
      ...leaver,
      recoveryCode: recoveryCodes[0]!,
      follower: report.author,
      sameFileId: phonePhotos.ofAuthor,
    })
    console.log(describeMainJob(report, job))
  },
})
