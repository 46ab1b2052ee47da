import { spawn } from 'node:child_process'

/** Runs a command to its end; on failure, throws with the last lines it wrote. `onLine` gets each line as it arrives. */
export function run(
  file: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; onLine?: (line: string) => void } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd ? { cwd: options.cwd } : {}),
      env: options.env ?? process.env,
    })
    let output = ''
    const take = (chunk: Buffer) => {
      output += chunk.toString()
      if (options.onLine)
        for (const line of chunk.toString().split('\n')) if (line.trim()) options.onLine(line)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(output)
      const tail = output.trim().split('\n').slice(-15).join('\n')
      reject(new Error(`${file} failed (${signal ?? `exit ${code}`}):\n${tail}`))
    })
  })
}
