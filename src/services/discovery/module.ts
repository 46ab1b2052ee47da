import { createDiscovery } from './discovery.ts'
import { createOwnLibrary } from './own-library.ts'

/** Finding accounts, tags and photos that one did not know, and one's own photos by time and place. */
export function openDiscovery() {
  return { discovery: createDiscovery(), ownLibrary: createOwnLibrary() }
}
