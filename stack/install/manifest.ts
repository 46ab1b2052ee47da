import { lstat, readFile, readdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'

const manifestName = 'manifest.json'

/** Every installed file with its size in bytes; symbolic links count as files of size -1. */
type Manifest = Record<string, number>

/** Writes the manifest of `root`, last of all, so that a folder with a manifest is complete. */
export async function writeManifest(root: string): Promise<void> {
  await writeFile(join(root, manifestName), JSON.stringify(await listFiles(root)))
}

/**
 * Compares `root` with its manifest.
 * @returns what is wrong, in words for a person, or undefined when nothing is missing or truncated
 */
export async function findDamage(root: string): Promise<string | undefined> {
  let manifest: Manifest
  try {
    manifest = JSON.parse(await readFile(join(root, manifestName), 'utf8')) as Manifest
  } catch {
    return 'it has no readable manifest'
  }
  const files = await listFiles(root)
  for (const [name, bytes] of Object.entries(manifest)) {
    if (files[name] === undefined) return `${name} is missing`
    if (files[name] !== bytes) return `${name} has ${files[name]} bytes instead of ${bytes}`
  }
  return undefined
}

async function listFiles(root: string): Promise<Manifest> {
  const files: Manifest = {}
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const name = relative(root, path)
    if (name === manifestName || entry.isDirectory()) continue
    files[name] = entry.isSymbolicLink() ? -1 : (await lstat(path)).size
  }
  return files
}
