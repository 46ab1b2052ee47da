import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import {
  UPLOAD_STEPS,
  type PhotoUploadResult,
  type StepState,
  type UploadProgress,
  type UploadStage,
  type UploadStepName,
} from '../../contracts/photo-upload.ts'
import { stageAttribute } from '../../contracts/search-attributes.ts'

/** Tracks where an upload stands and shows it in the query, the search attribute and the details in the Web UI. */
export function trackProgress() {
  const progress: UploadProgress = {
    stage: 'awaiting_upload',
    steps: UPLOAD_STEPS.map((name) => ({ name, state: 'pending', attempts: 0 })),
  }
  show()

  function show(): void {
    const rows = progress.steps.map(
      ({ name, state, attempts, detail }) => `| ${name} | ${state} | ${attempts} | ${detail ?? ''} |`,
    )
    setCurrentDetails(
      [`**${progress.stage}**`, '', '| step | state | attempts | |', '|---|---|---|---|', ...rows].join('\n'),
    )
  }

  function reach(stage: UploadStage): void {
    if (progress.stage === stage) return
    progress.stage = stage
    upsertSearchAttributes([{ key: stageAttribute, value: stage }])
    show()
  }

  return {
    get: (): UploadProgress => progress,
    /** @param detail short, without personal data; undefined keeps the current one */
    mark(name: UploadStepName, state: StepState, detail?: string, attempts = 0): void {
      const step = progress.steps.find((candidate) => candidate.name === name)!
      step.state = state
      if (detail !== undefined) step.detail = detail
      step.attempts = Math.max(step.attempts, attempts, state === 'running' ? 1 : 0)
      show()
    },
    /** Moves on to a stage, by which operators find the workflow. */
    reach,
    /** Marks the running steps as failed. */
    interrupt(detail: string): void {
      for (const step of progress.steps) {
        if (step.state !== 'running') continue
        step.state = 'failed'
        step.detail ??= detail
      }
    },
    /** Ends the upload; open steps count as skipped. */
    end(stage: UploadStage, code?: string): PhotoUploadResult {
      for (const step of progress.steps) if (isOpen(step.state)) step.state = 'skipped'
      reach(stage)
      show()
      return { stage, ...(code === undefined ? {} : { failureCode: code }) }
    },
  }
}

export type TrackedProgress = ReturnType<typeof trackProgress>

function isOpen(state: StepState): boolean {
  return state === 'pending' || state === 'running'
}
