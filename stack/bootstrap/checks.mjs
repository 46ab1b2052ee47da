import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, statSync, statfsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

const gibibyte = 1024 ** 3
/** The servers take 0.9 GB unpacked and as much while they are installed; the packages 0.6 GB; data comes on top. */
const neededBytes = { cache: 2.5 * gibibyte, checkout: 1 * gibibyte }
const oldestNode = 20
const oldestPython = [3, 9]

/** What this machine lacks, one line each, with how to get it; empty when nothing is missing. */
export function findProblems(checkout, env = process.env) {
  const problems = []
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    problems.push(
      `Linux on x64 or arm64 is needed, this is ${process.platform} on ${process.arch}: use docker-compose.yml instead`,
    )
    return problems
  }
  if (Number(process.versions.node.split('.')[0]) < oldestNode) {
    problems.push(`Node ${oldestNode} or newer is needed, this is ${process.version}: install a newer nodejs`)
  }
  if (!onPath('npm', env)) problems.push('npm is missing: apt-get install npm')
  problems.push(...pythonProblems(env))
  if (!onPath('mvn', env)) problems.push('Maven (mvn) is missing: apt-get install maven')
  else if (!onPath('java', env) && !existsSync(join(env.JAVA_HOME || '/nonexistent', 'bin', 'java'))) {
    problems.push('Java, which Maven runs on, is missing: apt-get install default-jre-headless')
  }
  if (!onPath('tar', env) || !onPath('gzip', env))
    problems.push('tar or gzip is missing: apt-get install tar gzip')
  if (!onPath('setpriv', env) || !onPath('unshare', env)) {
    problems.push('setpriv or unshare is missing: apt-get install util-linux')
  }
  if (
    process.arch === 'arm64' &&
    !env.REDIS_URL &&
    !onPath('valkey-server', env) &&
    !onPath('redis-server', env)
  ) {
    problems.push(
      'Valkey is missing (there is no package of it for arm64): apt-get install redis-server, or set REDIS_URL',
    )
  }
  problems.push(...folderProblems(checkout, env))
  return problems
}

function pythonProblems(env) {
  if (!onPath('python3', env)) return ['Python 3 is missing: apt-get install python3 python3-pip']
  const script =
    'import sys; print(sys.version_info[0], sys.version_info[1]); import pip; print(pip.__version__)'
  const { stdout } = spawnSync('python3', ['-c', script], { encoding: 'utf8', env })
  const [version = '', pip] = (stdout ?? '').trim().split('\n')
  const [major = 0, minor = 0] = version.split(' ').map(Number)
  const problems = []
  if (major < oldestPython[0] || (major === oldestPython[0] && minor < oldestPython[1])) {
    const found = version ? version.replace(' ', '.') : 'one that does not run'
    problems.push(
      `Python ${oldestPython.join('.')} or newer is needed, python3 is ${found}: apt-get install python3`,
    )
  } else if (!pip) {
    problems.push('pip is missing for python3: apt-get install python3-pip')
  }
  return problems
}

function folderProblems(checkout, env) {
  const problems = []
  const home = env.HOME || homedir()
  const cache = env.DARKROOM_STACK_DIR || join(env.XDG_CACHE_HOME || join(home, '.cache'), 'darkroom')
  if (!isFolder(home) || !isWritable(home)) {
    problems.push(
      `HOME (${home || 'unset'}) is not a folder that you can write to: export HOME=<a folder of yours>`,
    )
  } else if (!isWritable(nearestFolder(cache))) {
    problems.push(`the cache folder ${cache} cannot be written: set DARKROOM_STACK_DIR to a folder of yours`)
  } else if (!existsSync(join(cache, 'maven')) && freeBytes(cache) < neededBytes.cache) {
    problems.push(tooFull(cache, neededBytes.cache, 'set DARKROOM_STACK_DIR to a folder on another one'))
  }
  if (!isWritable(checkout))
    problems.push(`the checkout ${checkout} cannot be written: make a clone of your own`)
  else if (freeBytes(checkout) < neededBytes.checkout) {
    problems.push(tooFull(checkout, neededBytes.checkout, 'make room'))
  }
  return problems
}

function tooFull(folder, needed, advice) {
  const gigabytes = (bytes) => (bytes / gibibyte).toFixed(1)
  return `the disk of ${folder} has ${gigabytes(freeBytes(folder))} GiB free, ${gigabytes(needed)} GiB are needed: ${advice}`
}

function freeBytes(path) {
  const { bavail, bsize } = statfsSync(nearestFolder(path))
  return bavail * bsize
}

/** The path itself, or the closest parent that exists. */
function nearestFolder(path) {
  let folder = path
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}

function isFolder(path) {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function isWritable(path) {
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

function onPath(name, env) {
  return (env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
