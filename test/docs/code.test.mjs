// The JavaScript of the documents is run, each block as a program of its own, and prints what it
// promises.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { codeBlocks, documents, promisedOutput, root } from './markdown.mjs'

// Below the repository, so that packages are found by name.
mkdirSync(join(root, 'build'), { recursive: true })
const programs = mkdtempSync(join(root, 'build/docs-code-'))
const work = mkdtempSync(join(tmpdir(), 'normfree-docs-'))
afterAll(() => {
  rmSync(programs, { recursive: true, force: true })
  rmSync(work, { recursive: true, force: true })
})

/** Runs `code` in an empty folder. @param {string} code @param {string} name */
async function run(code, name) {
  const program = join(programs, `${name}.mjs`)
  const cwd = join(work, name)
  writeFileSync(program, code)
  mkdirSync(cwd)
  const child = spawn(process.execPath, [program], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  const [printed, complaints] = await Promise.all([
    child.stdout.setEncoding('utf8').toArray(),
    child.stderr.setEncoding('utf8').toArray(),
  ])
  const [exitCode] = await ended
  return { exitCode, printed: printed.join(''), complaints: complaints.join('') }
}

const blocks = documents
  .filter(file => file === 'README.md' || file.startsWith('docs/'))
  .flatMap(file =>
    codeBlocks(readFileSync(join(root, file), 'utf8'), 'js').map(block => ({ file, ...block })),
  )

describe('code', () => {
  it.each(blocks.map(({ file, line, code }) => [`${file}:${line}`, code]))(
    '%s runs and prints what it says',
    async (place, code) => {
      const promised = promisedOutput(code)
      const { exitCode, printed, complaints } = await run(code, place.replace(/\W/g, '-'))
      expect({ exitCode, complaints }).toEqual({ exitCode: 0, complaints: '' })
      expect(printed.split('\n').slice(0, -1)).toEqual(promised)
    },
    180_000,
  )

  it('is found to fail, and to print something else', async () => {
    expect((await run("import '@normfree/gone'", 'fails')).exitCode).toBe(1)
    const { printed } = await run("console.log('one')\nconsole.log('two')", 'prints')
    expect(printed).toBe('one\ntwo\n')
  })
})

describe('promisedOutput', () => {
  it('takes what follows an arrow, and the lines below that go on', () => {
    const code = `f() // -> one
g()
// -> two
//     three
// a remark
//    no more`
    expect(promisedOutput(code)).toEqual(['one', 'two', ' three'])
  })
})
