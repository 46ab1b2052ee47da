import { createDiscovery } from './discovery.ts'

/** Finding accounts, tags and photos that one did not know, and one's own photos by time and place. */
export function openDiscovery() {
  return { discovery: createDiscovery() }
}
