import { parseArgs } from 'node:util'
import { showCelebrity } from './demo/celebrity.ts'
import { runDemo } from './demo/run-demo.ts'
import { ensureStack } from './install/install.ts'

const { values: options } = parseArgs({ options: { once: { type: 'boolean', default: false } } })

await runDemo({
  once: options.once,
  async show(service, signal) {
    const { samplePhotos } = await ensureStack(() => undefined)
    await showCelebrity({ service, samplePhotos, signal })
  },
})
