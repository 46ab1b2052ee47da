/** Thrown at boot; the message names every wrong setting, but never a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}
