// Where the files of the checkout are on the site, and links between them.
import fs from 'node:fs'
import path from 'node:path'

// route returns the page of the site for a file of the checkout: docs are at the top, those in Chinese
// below zh, and a README is the page of its folder.
export function route(file) {
  return file
    .replace(/^README\.zh-CN\.md$/, 'zh/index.md')
    .replace(/^docs\/(?=zh\/|cli\/|decisions\/|how-to\/|[^/]+$)/, '')
    .replace(/(^|\/)README\.md$/, '$1index.md')
}

// slug makes the anchor of a heading, as GitHub does.
export function slug(heading) {
  return heading.trim().toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')
}

// links turns each relative link between files into one between pages. A file that is no page, such as
// a manifest, has none: its name stays as text.
export function links(md, stage, root) {
  md.core.ruler.push('links-of-the-site', (state) => {
    const from = path.dirname(path.relative(stage, state.env.realPath ?? state.env.path))
    for (const block of state.tokens.filter((token) => token.type === 'inline')) {
      const open = []
      for (const token of block.children) {
        if (token.type === 'link_open') {
          open.push(token)
          const href = token.attrGet('href')
          if (/^([a-z]+:|#)/.test(href)) continue
          const [target, anchor] = href.split('#')
          const page = pageOf(root, path.posix.join(from, decodeURI(target)))
          if (page === undefined) {
            token.tag = 'span'
            token.attrs = null
          } else {
            token.attrSet('href', `/${page.replace(/\.md$/, '.html')}${anchor ? `#${anchor}` : ''}`)
          }
        } else if (token.type === 'link_close') {
          token.tag = open.pop().tag
        } else if (token.type === 'image') {
          const src = token.attrGet('src')
          if (!/^[a-z]+:/.test(src)) token.attrSet('src', path.join(stage, from, src))
        }
      }
    }
  })
}

// pageOf returns the page for a file or a folder, if there is one.
function pageOf(root, file) {
  const full = path.join(root, file)
  if (!fs.existsSync(full)) throw new Error(`a link leads to ${file}, and there is no such file`)
  if (fs.statSync(full).isDirectory()) {
    if (fs.existsSync(path.join(full, 'README.md'))) return route(`${file}/README.md`)
    const first = fs.readdirSync(full).filter((name) => name.endsWith('.md')).sort()[0]
    return first && route(`${file}/${first}`)
  }
  return file.endsWith('.md') ? route(file) : undefined
}
