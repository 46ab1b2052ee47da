import { z } from 'zod'
import { EXPORT_STATUSES, MAX_EXPORTS_PER_DAY } from '../../../domain/exports.ts'
import { operation } from '../../operation.ts'
import { idOf, instant, listOf, pageQuery } from '../inputs.ts'

const exportExample = {
  id: '0199a1b2-c3d4-7e5f-8a6b-000000000004',
  status: 'ready',
  progress: { photos: 812, photosTotal: 812, bytes: 3_145_728_000 },
  createdAt: '2026-03-09T19:30:00.000Z',
  expiresAt: '2026-03-16T19:41:00.000Z',
  url: 'https://storage.example/darkroom/exports/0199a1b2-c3d4-7e5f-8a6b-000000000004.zip?X-Amz-Signature=9f86d0',
  urlExpiresAt: '2026-03-09T19:55:00.000Z',
}

export const ExportSchema = z
  .object({
    id: z.string(),
    status: z.enum(EXPORT_STATUSES).meta({
      description:
        '`preparing`; `ready`: its archive can be downloaded; `expired`, `deleted`: the archive is no longer there.',
    }),
    progress: z.object({
      photos: z.number().int().meta({ description: 'Whose originals are in the archive.' }),
      photosTotal: z.number().int().nullable().meta({ description: 'When it was begun; null until then.' }),
      bytes: z.number().int().meta({ description: 'Of the archive so far.' }),
    }),
    createdAt: instant,
    expiresAt: instant
      .nullable()
      .meta({ description: 'When the archive is deleted; null until it is ready.' }),
    url: z.string().optional().meta({
      description: 'Of the archive, once it is ready. Whoever has it can download it until `urlExpiresAt`.',
    }),
    urlExpiresAt: instant.optional().meta({
      description: 'ISO 8601, UTC. A download that has begun goes on; to go on with a broken one, ask again.',
    }),
  })
  .meta({ id: 'Export' })

const ExportParams = z.strictObject({ exportId: idOf('export') })
const ExportAnswer = z.object({ export: ExportSchema })

export const CreateExport = operation({
  id: 'createExport',
  scope: 'none',
  whileSuspended: true,
  summary: 'Ask for an archive of all that you have stored',
  description:
    'A ZIP with the originals of your photos, also those in the trash and the cold storage, all data about you as JSON, and pages to look at ' +
    `it offline. You are notified when it is ready (\`export_ready\`). One at a time, and ${MAX_EXPORTS_PER_DAY} a day.`,
  examples: {
    answer: {
      export: {
        ...exportExample,
        status: 'preparing',
        expiresAt: null,
        url: undefined,
        urlExpiresAt: undefined,
      },
    },
  },
  gives: { exportId: '/export/id' },
  responses: { 202: ExportAnswer },
  errors: ['export_running'],
})

export const ListExports = operation({
  id: 'listExports',
  scope: 'none',
  whileSuspended: true,
  summary: 'List your exports, latest first',
  query: z.strictObject(pageQuery),
  examples: { answer: { items: [exportExample], nextCursor: null } },
  responses: { 200: listOf(ExportSchema) },
  errors: ['bad_cursor'],
})

export const GetExport = operation({
  id: 'getExport',
  scope: 'none',
  whileSuspended: true,
  summary: 'Get an export: how far it is, and where to download it',
  params: ExportParams,
  examples: { answer: { export: exportExample } },
  responses: { 200: ExportAnswer },
  errors: ['not_found'],
})

export const DeleteExport = operation({
  id: 'deleteExport',
  scope: 'none',
  whileSuspended: true,
  summary: 'Stop an export, or delete its archive',
  description:
    'The archive is deleted within moments, and its URLs stop working with it. One that has ended stays in the list.',
  params: ExportParams,
  responses: { 204: null },
  errors: ['not_found'],
})
