import { describe, expect, it } from 'vitest'
import { uploadWorkflowWorldOfFile } from '../../../test/support/worlds/upload-workflow-world.ts'

const world = uploadWorkflowWorldOfFile({ embedPhoto: { name: 'embed' } })
const upload = async (validated: object) => (await world.start(validated)).result()

describe('photoUpload', () => {
  it('has a photo embedded once its variants are there, if it is to be', async () => {
    expect(await upload({ embeds: true })).toEqual({ stage: 'ready' })
    expect(world.calls.indexOf('embed')).toBeGreaterThan(world.calls.indexOf('render'))
  })

  it('has no photo embedded where the media worker says nothing of it', async () => {
    expect(await upload({})).toEqual({ stage: 'ready' })
    expect(world.calls).not.toContain('embed')
  })

  it('is ready without an embedding, after some attempts', async () => {
    world.fakes['embedPhoto'] = async () => {
      world.calls.push('embed')
      throw new Error('the embedder is away')
    }
    expect(await upload({ embeds: true })).toEqual({ stage: 'ready' })
    expect(world.calls.filter((name) => name === 'embed').length).toBeGreaterThan(3)
  })
})
