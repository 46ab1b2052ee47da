import { proxyActivities } from '@temporalio/workflow'
import type { PhotoTextActivities } from '../../contracts/activities/photo-texts.ts'
import { readTexts } from '../../contracts/activity-options.ts'

/** The step of textReader, with the policy that protects it and the line that an operator reads. */
export const steps = {
  read: proxyActivities<PhotoTextActivities>({
    ...readTexts,
    summary: 'Read the text in photos that are owed',
  }).readTexts,
}
