import { pino, type Logger } from 'pino'

export type { Logger }

/**
 * The process's logger: JSON lines on stdout. Logs hold ids, never captions, tokens, signatures, queries or addresses.
 */
export function createLogger(options: { level: string; service: string }): Logger {
  return pino({
    level: options.level,
    base: { service: options.service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: [
        'req.headers.authorization',
        'req.headers.cookie',
        '*.password',
        '*.refreshToken',
        '*.accessToken',
      ],
    },
  })
}
