// The site: README, docs and examples of the checkout, in English and Chinese. `make site` builds it.
import fs from 'node:fs'
import path from 'node:path'
import {fileURLToPath} from 'node:url'
import {defineConfig} from 'vitepress'
import {links, route, slug} from './links.mjs'
import {english, chinese, sidebar} from './words.mjs'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..')
const pairs = JSON.parse(fs.readFileSync(path.join(root, 'workshop/site/pages.json'), 'utf8'))

// Modules are found from where a page lies, so that the pages are copied to this folder.
const stage = path.join(root, 'workshop/tools/site/pages')
fs.rmSync(stage, {recursive: true, force: true})
for (const name of ['README.md', 'README.zh-CN.md', 'CHANGELOG.md', 'STYLE.md', 'docs', 'examples']) {
  fs.cpSync(path.join(root, name), path.join(stage, name), {recursive: true})
}

// Chinese has no blanks between words, so that a search needs to be told where they are. The function
// goes to the browser as text and uses nothing from outside of itself.
function tokenize(text) {
  const words = []
  for (const part of new Intl.Segmenter('zh', {granularity: 'word'}).segment(text.toLowerCase())) {
    if (part.isWordLike) words.push(part.segment)
  }
  return words.concat(text.toLowerCase().match(/kb\d{4}|[a-z][a-z0-9]*(?:[-.][a-z0-9]+)+/g) ?? [])
}

// Braces in our pages are Go's, never Vue's, whose theme has its own. A block that is indented looks like one that is fenced, and
// scrolls by itself where the page is narrow.
function plain(md) {
  const rules = md.renderer.rules
  const braces = (html) => html.replaceAll('{{', '&#123;&#123;')
  for (const name of ['text', 'code_inline', 'html_block', 'html_inline']) {
    const before = rules[name]
    rules[name] = (...given) => braces(before(...given))
  }
  rules.code_block = (tokens, i) =>
    `<div class="language-"><pre v-pre><code>${braces(md.utils.escapeHtml(tokens[i].content))}</code></pre></div>\n`
}

export default defineConfig({
  title: 'kbootstrap',
  srcDir: stage,
  outDir: path.join(root, 'dist/site'),
  cacheDir: path.join(root, 'dist/site-cache'),
  rewrites: route,
  cleanUrls: false,
  lastUpdated: false,
  locales: {
    root: {label: 'English', lang: 'en', description: english.description, themeConfig: {...english.theme, sidebar: sidebar(root, english)}},
    zh: {label: '简体中文', lang: 'zh-CN', description: chinese.description, themeConfig: {...chinese.theme, sidebar: sidebar(root, chinese)}},
  },
  themeConfig: {
    // Not every page is in both languages: the menu of languages leads to the first page, and a page that is leads to its other one.
    i18nRouting: false,
    search: {
      provider: 'local',
      options: {
        miniSearch: {options: {tokenize}, searchOptions: {prefix: true, fuzzy: 0.1, boost: {title: 4, text: 2}}},
        locales: {zh: {translations: chinese.search}},
      },
    },
    outline: {level: [2, 3]},
  },
  markdown: {
    anchor: {slugify: slug},
    toc: {slugify: slug},
    config: (md) => md.use(links, stage, root).use(plain),
  },
})
