import { ensureWorkflowBundle } from '../workers/workflow-bundle.ts'

// `npm run build` and the linter: proves that the workflows make a bundle, and leaves it for the workers.
await ensureWorkflowBundle()
