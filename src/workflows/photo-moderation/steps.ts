import { proxyActivities, type ActivityOptions } from '@temporalio/workflow'
import type { ModerationStepActivities, ScreeningActivities } from '../../contracts/activities/screening.ts'
import { durableStep, screenPhotos, screenPhotosLate } from '../../contracts/activity-options.ts'

const screen = (options: ActivityOptions, summary: string) =>
  proxyActivities<ScreeningActivities>({ ...options, summary }).screenPhoto
const durable = (summary: string) => proxyActivities<ModerationStepActivities>({ ...durableStep, summary })

/** The steps of photoModeration, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  screenSoon: (withinMs: number) =>
    screen({ ...screenPhotos, scheduleToCloseTimeout: withinMs }, 'Get a verdict on the photo'),
  screenLate: screen(screenPhotosLate, 'Go on trying to get a verdict'),
  escalate: durable('Tell people that no verdict can be had').escalateScreening,
  recordDecision: durable('Record what a person has decided').recordDecision,
}
