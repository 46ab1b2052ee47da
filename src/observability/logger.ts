import { pino, type DestinationStream, type Logger } from 'pino'
import { loggable } from './loggable.ts'

export type { Logger }

/**
 * The process's logger: JSON lines on stdout. Logs hold ids, never captions, tokens, signatures, queries or addresses;
 * errors go under `err`, of which `loggable` says what may be written.
 */
export function createLogger(
  options: { level: string; service: string },
  destination?: DestinationStream,
): Logger {
  const settings = {
    level: options.level,
    base: { service: options.service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: loggable },
    redact: {
      paths: [
        'req.headers.authorization',
        'req.headers.cookie',
        '*.password',
        '*.refreshToken',
        '*.accessToken',
      ],
    },
  }
  return destination ? pino(settings, destination) : pino(settings)
}
