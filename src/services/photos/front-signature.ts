import type { Config } from '../../config/config.ts'
import { cloudFrontSigner, type UrlSigner } from '../../infra/cdn/cloudfront.ts'

/** Signs image URLs for the CDN in front of the edges, if it asks for a signature of its own. */
export function frontSigner({ cloudFront }: Config): UrlSigner | undefined {
  return cloudFront?.key && cloudFrontSigner(cloudFront.key)
}
