import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Runs `npm ci` unless node_modules is complete and fits package-lock.json. Several processes may do so at once. */
export async function ensurePackages(checkout) {
  if (!findStaleness(checkout)) return
  refuseLink(join(checkout, 'node_modules'))
  const unlock = await lock(join(checkout, '.darkroom', 'npm.lock'))
  try {
    const reason = findStaleness(checkout)
    if (!reason) return
    console.log(`installing the npm packages (${reason})`)
    rmSync(stampFile(checkout), { force: true })
    await npmCi(checkout)
    const broken = findStaleness(checkout)
    if (broken) throw new Error(`npm ci succeeded, but ${broken}`)
    writeFileSync(stampFile(checkout), lockHash(checkout))
  } finally {
    unlock()
  }
}

/** npm empties what a link leads to, which is most likely the packages of another checkout. */
function refuseLink(folder) {
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) return
  throw new Error(
    `node_modules is a link to ${realpathSync(folder)}, whose packages do not fit this checkout: remove the link, then try again`,
  )
}

/** Why the installed packages cannot be used, in words for a person; undefined when they can. */
export function findStaleness(checkout) {
  const installed = readJson(join(checkout, 'node_modules', '.package-lock.json'))?.packages
  // npm writes that file last: without it, an install was never finished.
  if (!installed)
    return existsSync(join(checkout, 'node_modules')) ? 'a half install was found' : 'none are there yet'
  for (const [path, entry] of Object.entries(installed)) {
    if (!entry.link && !existsSync(join(checkout, path, 'package.json'))) return `${path} is missing`
  }
  if (!existsSync(pinnedNode(checkout))) return 'the pinned Node is missing'
  if (readText(stampFile(checkout)) === lockHash(checkout)) return undefined
  // Packages installed by hand (npm install, npm ci) are as good if the versions are the same.
  const locked = readJson(join(checkout, 'package-lock.json'))?.packages ?? {}
  for (const [path, entry] of Object.entries(locked)) {
    if (path === '' || (entry.optional && !installed[path])) continue
    if (installed[path]?.version !== entry.version)
      return `${path} is not of the version in package-lock.json`
  }
  return undefined
}

export function pinnedNode(checkout) {
  return join(checkout, 'node_modules', '.bin', 'node')
}

function npmCi(checkout) {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  return new Promise((resolve, reject) => {
    // NODE_ENV=production would omit the development packages, which tests and checks need.
    const env = { ...process.env, NODE_ENV: '', npm_config_omit: '', npm_config_update_notifier: 'false' }
    const child = spawn('npm', args, { cwd: checkout, stdio: ['ignore', 'inherit', 'inherit'], env })
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`npm ci failed (${signal ?? `exit ${code}`}); run the command again to retry`))
    })
  })
}

/** A lock file with the holder's process; one whose holder is gone is broken. */
async function lock(file) {
  mkdirSync(join(file, '..'), { recursive: true })
  for (let waited = false; ; waited = true) {
    try {
      writeFileSync(file, `${process.pid} ${startTicks(process.pid)}`, { flag: 'wx' })
      return () => rmSync(file, { force: true })
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const [pid, ticks] = (readText(file) ?? '').split(' ')
    if (pid && startTicks(pid) !== ticks) rmSync(file, { force: true })
    else if (!waited) console.log(`waiting for process ${pid}, which is installing the npm packages`)
    await sleep(200)
  }
}

/** When a process started, in clock ticks since boot; this distinguishes it from a later one with the same id. */
function startTicks(pid) {
  const stat = readText(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}

function stampFile(checkout) {
  return join(checkout, 'node_modules', '.darkroom-installed')
}

function lockHash(checkout) {
  return createHash('sha256')
    .update(`${process.platform} ${process.arch}\n`)
    .update(readFileSync(join(checkout, 'package-lock.json')))
    .digest('hex')
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
