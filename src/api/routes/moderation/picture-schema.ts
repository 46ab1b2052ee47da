import { z } from 'zod'
import { operation } from '../../operation.ts'
import { instant } from '../inputs.ts'
import { CaseParams } from './case-schema.ts'

export const ViewPicture = operation({
  id: 'viewPicture',
  summary: "Get a URL of a case's picture, clear",
  description:
    'For moderators. The case itself shows the picture blurred. The URL works for a minute, also for photos that are private, taken down or ' +
    'in the trash, and past the caches of the CDN; that you looked stands in the audit log. Refused for a case about yourself, and ' +
    'once the case is closed.',
  params: CaseParams,
  examples: {
    answer: {
      url: 'https://storage.example.org/darkroom/variants/0199a1b2-c3d4-7e5f-8a6b-000000000001/2/medium_800.jpeg?X-Amz-Expires=60',
      expiresAt: '2026-03-09T19:31:00.000Z',
    },
  },
  responses: { 201: z.object({ url: z.string(), expiresAt: instant }) },
  errors: ['not_found', 'forbidden', 'own_case', 'case_closed'],
})
