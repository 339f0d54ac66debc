// Every relative link of every document leads somewhere.
import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { anchorsIn, documents, linksIn, root } from './markdown.mjs'

/** @param {string} file */
const read = file => readFileSync(posix.join(root, file), 'utf8')

/**
 * The links of a document that lead nowhere.
 *
 * @param {string} file @param {string} text
 */
const broken = (file, text) =>
  linksIn(text).filter(link => {
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? file : posix.join(posix.dirname(file), path)
    if (target !== file && !existsSync(posix.join(root, target))) return true
    if (anchor === undefined) return false
    return !anchorsIn(target === file ? text : read(target)).includes(anchor)
  })

describe('links', () => {
  it.each(documents)('of %s lead to files and headings that are there', file => {
    expect(broken(file, read(file))).toEqual([])
  })

  it('are found broken when the file or the heading is missing', () => {
    const text = `# One\n[a](gone.md) [b](#one) [c](#two) ![d](images/gone.svg "title")
[e](install.md#versions) [f](install.md#gone) [g](https://x.y/gone) \`[h](gone)\`
\`\`\`
[i](gone.md)
\`\`\``
    expect(broken('docs/new.md', text)).toEqual([
      'gone.md',
      '#two',
      'images/gone.svg',
      'install.md#gone',
    ])
  })
})

describe('anchors', () => {
  it('are made as GitHub makes them', () => {
    const text = '# A `b_c` & D, e?\n## Same\n### Same\n# [link](x.md)s\n```\n# no heading\n```\n'
    expect(anchorsIn(text)).toEqual(['a-b_c--d-e', 'same', 'same-1', 'links'])
  })
})
