import type { ExportedPhoto } from './read-photos.ts'

/* Pages to look at an archive with a browser, from a folder and without a network: relative paths, no scripts, all texts escaped. */

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #222; background: #fff }
  .photos { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)) }
  figure { margin: 0 } figure img { width: 100%; height: 12rem; object-fit: cover; background: #eee }
  figcaption { font-size: .85rem; overflow-wrap: anywhere; white-space: pre-wrap } .about { color: #666 }`

/** What no browser but a few shows. */
const NOT_SHOWN = new Set(['image/heic', 'image/heif', 'image/tiff'])

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** A path of the archive as a URL that is relative to the file it stands in. */
const hrefFrom = (folders: number, path: string) =>
  '../'.repeat(folders) + path.split('/').map(encodeURIComponent).join('/')

export const galleryName = (page: number): string => `gallery/${pageNumber(page)}.html`

/** Four digits, so that files stand in order. */
export const pageNumber = (page: number): string => String(page).padStart(4, '0')

export function galleryPage(photos: readonly ExportedPhoto[], page: number): string {
  const links = [
    `<a href="${hrefFrom(1, 'index.html')}">Overview</a>`,
    page > 1 ? `<a href="${hrefFrom(1, galleryName(page - 1))}">Before</a>` : '',
  ].join(' ')
  return document(
    `Photos, page ${page}`,
    `<p>${links}</p><div class="photos">${photos.map(figure).join('\n')}</div>`,
  )
}

function figure(photo: ExportedPhoto): string {
  const { file, caption, altText, contentType, takenAt, visibility, status } = photo
  const href = escapeHtml(hrefFrom(1, file))
  const picture = NOT_SHOWN.has(contentType)
    ? escapeHtml(file)
    : `<img loading="lazy" src="${href}" alt="${escapeHtml(altText ?? '')}">`
  const about = [takenAt, visibility, status === 'ready' ? null : status].filter((fact) => fact !== null)
  return `<figure><a href="${href}">${picture}</a><figcaption>${escapeHtml(caption ?? '')}
<span class="about">${escapeHtml(about.join(', '))}</span></figcaption></figure>`
}

export interface Overview {
  username: string
  exportedAt: Date
  photos: number
  leftOut: number
  galleryPages: number
  files: readonly { name: string; about: string }[]
}

/** Where people begin. */
export function overviewPage(overview: Overview): string {
  const { username, exportedAt, photos, leftOut, galleryPages, files } = overview
  const pages = Array.from({ length: galleryPages }, (_, index) => index + 1)
  const missing =
    leftOut === 0
      ? ''
      : `<p>${leftOut} photos that were there at the beginning are not in it: see <a href="report.json">report.json</a>.</p>`
  return document(
    `Darkroom: ${username}`,
    `<h1>${escapeHtml(username)}</h1>
<p>Exported on ${exportedAt.toISOString().slice(0, 10)}: ${photos} photos.</p>${missing}
<h2>Photos</h2><p>${pages.map((page) => `<a href="${hrefFrom(0, galleryName(page))}">${page}</a>`).join(' ')}</p>
<h2>Data</h2><ul>${files
      .map(({ name, about }) => `<li><code>data/${escapeHtml(name)}</code>: ${escapeHtml(about)}</li>`)
      .join('\n')}</ul>`,
  )
}

function document(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="script-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body>${body}</body></html>
`
}
