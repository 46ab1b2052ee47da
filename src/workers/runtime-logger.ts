import type { Logger as RuntimeLogger, LogLevel } from '@temporalio/worker'
import type { Logger } from '../observability/logger.ts'

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const

/** Writes what Temporal's runtime, workflows and activities log to the log of the process. */
export function runtimeLogger(logger: Logger): RuntimeLogger {
  const log = (level: LogLevel, message: string, meta?: Record<string | symbol, unknown>) => {
    const { error, ...rest } = meta ?? {}
    logger[LEVELS[level]]({ ...rest, ...(error === undefined ? {} : { err: error }) }, message)
  }
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  }
}
