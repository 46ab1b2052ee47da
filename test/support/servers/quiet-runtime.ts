import { DefaultLogger, Runtime } from '@temporalio/worker'

/** Once a process, which runs several test files: Temporal's runtime, which all workers of a process share, logs errors only. */
Runtime.install({ logger: new DefaultLogger('ERROR') })
