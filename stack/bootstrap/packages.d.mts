export function ensurePackages(checkout: string): Promise<void>
export function findStaleness(checkout: string): string | undefined
export function pinnedNode(checkout: string): string
