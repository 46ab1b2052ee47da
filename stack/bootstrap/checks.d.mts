export function findProblems(checkout: string, env?: Record<string, string | undefined>): string[]
