import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const documents = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  .filter((path) => existsSync(join(root, path)))

describe.each(documents)('%s', (document) => {
  const text = read(document)

  it('links only to files and headings that exist', () => {
    const links = [...text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(([, link]) => link!)
    const broken = links.filter((link) => {
      const [path, anchor] = link.split('#') as [string, string?]
      const target = path === '' ? document : normalize(join(dirname(document), path))
      if (!existsSync(join(root, target))) return true
      return anchor !== undefined && !anchorsOf(read(target)).includes(anchor)
    })
    expect(broken).toEqual([])
  })

  it('names only files that exist', () => {
    const named = [...text.matchAll(/`((?:src|test|stack|docs|bench|temporal|observability)\/[^`\s]*)`/g)]
      .map(([, path]) => path!)
      .filter((path) => !/[<>*…]|YYYY/.test(path))
      .flatMap(expandBraces)
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })
})

describe('decisions', () => {
  const index = read('docs/adr/README.md').replace(/ +/g, ' ')
  const decisions = readdirSync(join(root, 'docs/adr')).filter((name) => /^\d{4}-.*\.md$/.test(name))

  it.each(decisions)('%s has a date, a status and its line in the index', (name) => {
    const decision = read(`docs/adr/${name}`)
    const [, number, title] = /^# (\d+)\. (.+)$/m.exec(decision) ?? []
    expect(Number(number)).toBe(Number(name.slice(0, 4)))
    expect(decision).toMatch(/^Date: \d{4}-\d\d-\d\d\b.*Status: (proposed|accepted|superseded by)/m)
    expect(index, 'docs/adr/README.md lists every decision').toContain(`\n- [${number}](${name}): ${title}\n`)
  })
})

/** `a/{b,c}.ts`: `a/b.ts`, `a/c.ts`. */
function expandBraces(path: string): string[] {
  const [, before, options, after] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(path) ?? []
  return options === undefined ? [path] : options.split(',').map((option) => `${before}${option}${after}`)
}

/** The anchors of headings, as code hosts make them. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}
