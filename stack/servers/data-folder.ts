import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readJson, writePrivateJson } from '../instance/files.ts'
import { ownByServers } from '../instance/unprivileged.ts'
import type { ServerContext } from './server.ts'

/** The data folder of a server. */
export function dataFolder(context: ServerContext, server: string): string {
  return join(context.layout.data, server)
}

/**
 * Puts aside data that the pinned version cannot read (a new major version), keeping it under a new name.
 * @param format what the data is for, such as `postgres 18`
 */
export function putAsideOtherFormat(context: ServerContext, server: string, format: string): void {
  const folder = dataFolder(context, server)
  const marker = `${folder}.format.json`
  const kept = readJson<{ format: string }>(marker)?.format
  if (kept && kept !== format && existsSync(folder)) {
    const aside = `${folder}.${kept.replaceAll(' ', '-')}.${Date.now()}`
    renameSync(folder, aside)
    context.report(`${server}: the data is for ${kept}, not ${format}; it was moved to ${aside}`)
  }
  mkdirSync(context.layout.data, { recursive: true, mode: 0o700 })
  writePrivateJson(marker, { format })
}

/** Makes a data folder in one step: filled under another name, then renamed, so that a half-made one is never used. */
export async function makeFolder(folder: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${folder}.unfinished`
  rmSync(temporary, { recursive: true, force: true })
  mkdirSync(temporary, { recursive: true, mode: 0o700 })
  ownByServers(temporary)
  await fill(temporary)
  renameSync(temporary, folder)
}

/** A folder that may simply be there already. */
export function ensureFolder(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  ownByServers(folder)
  return folder
}
