// What the site itself says, in each language, and what its menu has.
import fs from 'node:fs'
import path from 'node:path'
import {route} from './links.mjs'

const menu = [
  {en: 'Begin', zh: '入门', pages: ['start', 'guide', 'troubleshooting', 'answers']},
  {en: 'How to', zh: '操作方法', pages: ['how-to/README', 'how-to/add-a-node', 'how-to/node-ports', 'how-to/bastion', 'how-to/proxy',
    'how-to/virtualbox', 'how-to/offline', 'how-to/other-tools']},
  {en: 'Reference', zh: '参考', pages: ['operations', 'inventory', 'cli/kbootstrap', 'errors', 'preflight', 'verify', 'cis', 'events', 'faults', 'pki', 'security',
    'artifacts', 'performance']},
  {en: 'In the cluster', zh: '集群中的服务', pages: ['addons', 'registry', 'logs', 'monitoring', '../examples/README']},
  {en: 'Inside', zh: '内部', pages: ['design', 'words', 'lab', 'contributing', '../STYLE', '../CHANGELOG']},
]

export const english = {
  language: 'en', prefix: 'docs', description: 'Kubernetes clusters on bare Linux hosts, over SSH',
  theme: {nav: [{text: 'Start', link: '/start.html'}, {text: 'Guide', link: '/guide.html'}, {text: 'Errors', link: '/errors.html'}]},
}

export const chinese = {
  language: 'zh', prefix: 'docs/zh', description: '通过 SSH 在裸 Linux 主机上创建 Kubernetes 集群',
  theme: {
    nav: [{text: '快速开始', link: '/zh/start.html'}, {text: '指南', link: '/zh/guide.html'}, {text: '错误', link: '/zh/errors.html'}],
    outline: {level: [2, 3], label: '本页内容'},
    docFooter: {prev: '上一页', next: '下一页'},
    returnToTopLabel: '回到顶部', sidebarMenuLabel: '菜单', darkModeSwitchLabel: '外观', langMenuLabel: '语言',
    lightModeSwitchTitle: '切换到浅色', darkModeSwitchTitle: '切换到深色', skipToContentLabel: '跳到内容',
  },
  search: {
    button: {buttonText: '搜索', buttonAriaLabel: '搜索'},
    modal: {
      displayDetails: '显示详情', resetButtonTitle: '清除', backButtonTitle: '返回', noResultsText: '没有结果：',
      footer: {selectText: '选择', navigateText: '移动', closeText: '关闭'},
    },
  },
}

// sidebar returns the menu of a language. A page that is not in Chinese is there in English, and marked.
export function sidebar(root, words) {
  const groups = menu.map(({pages, ...title}) => ({
    text: title[words.language],
    collapsed: false,
    items: pages.map((page) => item(root, words, page)),
  }))
  const decisions = fs.readdirSync(path.join(root, 'docs/decisions')).sort()
  const more = {en: 'Decisions', zh: '决策记录（英文）'}[words.language]
  return [...groups, {text: more, collapsed: true, items: decisions.map((name) => item(root, words, `decisions/${name.replace(/\.md$/, '')}`))}]
}

function item(root, words, page) {
  const own = path.posix.join(words.prefix, `${page}.md`)
  const is = fs.existsSync(path.join(root, own))
  const file = is ? own : path.posix.join('docs', `${page}.md`)
  const title = /^#+ (.*)$/m.exec(fs.readFileSync(path.join(root, file), 'utf8'))[1].replaceAll('`', '')
  return {text: is || words.language === 'en' || page.startsWith('decisions/') ? title : `${title}（英文）`, link: `/${route(file).replace(/\.md$/, '.html')}`}
}
