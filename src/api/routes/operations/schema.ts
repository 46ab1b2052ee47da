import { z } from 'zod'
import { operation } from '../../operation.ts'

export const GetHealth = operation({
  id: 'getHealth',
  summary: 'Check whether the process is up',
  examples: { answer: { status: 'ok' } },
  responses: { 200: z.object({ status: z.literal('ok') }) },
})

const ReadinessSchema = z.object({
  status: z.enum(['ready', 'not_ready', 'stopping']),
  dependencies: z.record(
    z.string(),
    z.object({
      state: z.enum(['up', 'down']),
      required: z.boolean(),
      ms: z.number().int().optional().meta({ description: 'For operators only.' }),
    }),
  ),
})

export const GetReadiness = operation({
  id: 'getReadiness',
  summary: 'Check whether requests can be served, and the state of each dependency',
  examples: {
    answer: {
      status: 'ready',
      dependencies: { postgres: { state: 'up', required: true }, replica: { state: 'up', required: false } },
    },
  },
  responses: { 200: ReadinessSchema, 503: ReadinessSchema },
})

export const GetMetrics = operation({
  id: 'getMetrics',
  summary: 'Get metrics for Prometheus',
  description: 'Only from this machine or with the metrics token.',
  responses: { 200: { contentType: 'text/plain', description: 'Prometheus text format' } },
})

export const GetOpenApi = operation({
  id: 'getOpenApi',
  summary: 'Get this document',
  responses: { 200: { contentType: 'application/json', description: 'OpenAPI 3.1' } },
})

export const GetDocs = operation({
  id: 'getDocs',
  summary: 'Read this document as a web page',
  responses: { 200: { contentType: 'text/html', description: 'Swagger UI' } },
})

export const GetRoot = operation({
  id: 'getRoot',
  summary: 'Redirect to the documentation',
  responses: { 302: null },
})
