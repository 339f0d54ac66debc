// What the tests of the documents read out of Markdown: code blocks with the output that they
// promise, links, and the anchors that GitHub makes of headings.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Every document of the repository, also one that is not committed yet. */
export const documents = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'],
  { cwd: root, encoding: 'utf8' },
)
  .split('\n')
  .filter(Boolean)

const fence = /^```(\w*)\n([\s\S]*?)^```$/gm

/**
 * The code blocks of one language, with the line that each begins on.
 *
 * @param {string} text @param {string} language
 */
export const codeBlocks = (text, language) =>
  [...text.matchAll(fence)]
    .filter(match => match[1] === language)
    .map(match => ({ line: text.slice(0, match.index).split('\n').length, code: match[2] ?? '' }))

/**
 * What a block promises to print, line by line: `// -> text` at the end of a line or on one of its
 * own. Lines `//    text` below it go on where the text began.
 *
 * @param {string} code
 */
export function promisedOutput(code) {
  /** @type {string[]} */
  const promised = []
  let goesOn = false
  for (const line of code.split('\n')) {
    const start = /\/\/ -> (.*)$/.exec(line)
    const next = goesOn ? /^\s*\/\/ {4}(.*)$/.exec(line) : null
    goesOn = Boolean(start ?? next)
    if (start ?? next) promised.push((start ?? next)?.[1] ?? '')
  }
  return promised
}

/** @param {string} text @returns {string} the text without its code blocks and code spans */
export const withoutCode = text => text.replace(fence, '').replace(/`[^`\n]*`/g, 'code')

/** The targets of the links and images, web addresses left out. @param {string} text */
export const linksIn = text =>
  [...withoutCode(text).matchAll(/\]\(([^)\s]+)(?:\s[^)]*)?\)|^\[[^\]]+\]: (\S+)/gm)]
    .map(match => match[1] ?? match[2] ?? '')
    .filter(target => !/^[a-z]+:/.test(target))

/** The anchors of the headings, as GitHub makes them. @param {string} text */
export function anchorsIn(text) {
  /** @type {Map<string, number>} */
  const seen = new Map()
  return [...text.replace(fence, '').matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, heading = '']) => {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-')
    const count = seen.get(slug) ?? 0
    seen.set(slug, count + 1)
    return count === 0 ? slug : `${slug}-${count}`
  })
}
