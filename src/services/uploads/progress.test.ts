import { describe, expect, it } from 'vitest'
import { UPLOAD_STEPS } from '../../contracts/photo-upload.ts'
import { endOf, isSettled, type PhotoProgress } from './progress.ts'
import type { UploadEnd } from './steps-of-row.ts'
import type { WorkflowStanding } from './workflow-progress.ts'

describe('isSettled: whether a long poll has nothing to wait for', () => {
  const done = 'done done done done done done done'
  it.each([
    ['awaiting_upload', 'running pending pending pending pending pending pending', undefined, false],
    ['processing', 'done running pending pending pending pending pending', undefined, false],
    // The row is about to follow.
    ['processing', 'done failed skipped skipped skipped skipped skipped', undefined, false],
    ['failed', 'done failed pending pending pending pending pending', undefined, false],
    ['failed', 'done failed skipped skipped skipped skipped skipped', undefined, true],
    ['failed', 'failed skipped skipped skipped skipped skipped skipped', undefined, true],
    ['deleted', 'skipped skipped skipped skipped skipped skipped skipped', undefined, true],
    ['ready', 'done done done running done done done', 'done', false],
    ['ready', done, undefined, false],
    ['ready', done, 'planning', false],
    ['ready', done, 'pushing', false],
    ['ready', done, 'paused', false],
    ['ready', done, 'done', true],
    ['ready', done, 'cancelled', true],
    ['ready', 'done done done failed done done done', 'done', true],
    ['ready', 'done done done done done failed done', undefined, true],
    // The upload was terminated, or forgotten long ago; what is owed of its push is about to be started.
    ['awaiting_upload', 'failed skipped skipped skipped skipped skipped skipped', undefined, true, 'stopped'],
    ['processing', 'done failed skipped skipped skipped skipped skipped', undefined, true, 'forgotten'],
    ['ready', 'done done done failed failed running failed', undefined, false, 'stopped'],
    ['ready', done, undefined, true, 'forgotten', 'absent'],
    ['ready', done, 'pushing', false, 'completed', 'open'],
    ['ready', done, 'cancelled', true, 'completed', 'stopped'],
    ['ready', done, undefined, true, 'completed', 'completed'],
  ] as [
    PhotoProgress['status'],
    string,
    NonNullable<PhotoProgress['fanout']>['state'] | undefined,
    boolean,
    UploadEnd?,
    WorkflowStanding?,
  ][])('%s, %s, push %s: %s', (status, states, push, expected, upload = 'open', fanout = 'unknown') => {
    const steps = states
      .split(' ')
      .map((state, index) => ({ name: UPLOAD_STEPS[index]!, state, attempts: 1 }))
    const progress = {
      status,
      steps,
      ...(push ? { fanout: { state: push, followers: 1, delivered: 1 } } : {}),
    }
    expect(isSettled(progress as PhotoProgress, { upload, fanout })).toBe(expected)
  })
})

describe('endOf: what became of the workflow of an upload', () => {
  const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000)
  it.each([
    ['open', 'processing', 0, 'open'],
    ['unknown', 'ready', -99, 'open'],
    ['completed', 'ready', -99, 'completed'],
    ['stopped', 'awaiting_upload', 1, 'stopped'],
    // The outbox has not started it yet.
    ['absent', 'awaiting_upload', 0.2, 'open'],
    ['absent', 'awaiting_upload', -2, 'forgotten'],
    ['absent', 'ready', 0.2, 'forgotten'],
  ] as [WorkflowStanding, PhotoProgress['status'], number, UploadEnd][])(
    '%s, of a photo %s whose URL expires in %d h: %s',
    (standing, status, hours, expected) => {
      expect(endOf(standing, { status, uploadExpiresAt: inHours(hours) })).toBe(expected)
    },
  )
})
