import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { loadModuleFile, ModuleFileError } from './module-file.ts'

// Below the package, so that `@normfree/torch` is found by name.
const build = fileURLToPath(new URL('../../../build', import.meta.url))
mkdirSync(build, { recursive: true })
const folder = mkdtempSync(join(build, 'module-file-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A file of that name with this content. */
function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, `import { nn } from '@normfree/torch'\n${text}\n`)
  return path
}

const NET = `class Net extends nn.Module {
  fc = new nn.Linear(2, 3)
  forward(x) { return this.fc(x) }
}`

describe('loadModuleFile', () => {
  it.each([
    ['a function', 'function.mjs', `${NET}\nexport default () => new Net()`, true],
    ['a class', 'class.js', `${NET}\nexport default Net`, true],
    ['create', 'create.mjs', `${NET}\nexport const create = () => new Net()`, true],
    ['a module', 'module.mjs', `${NET}\nexport default new Net()`, false],
  ])('takes %s', async (_, name, text, redraws) => {
    const loaded = await loadModuleFile(file(name, text))
    expect([loaded.name, loaded.redraws]).toEqual([name.split('.')[0], redraws])
    const [first, second] = [loaded.create(), loaded.create()]
    expect(first === second).toBe(!redraws)
    expect([...first.stateDict().keys()]).toEqual(['fc.weight', 'fc.bias'])
  })

  it.each([
    ['exports nothing', 'nothing.mjs', NET, 'received no such export'],
    ['exports a number', 'number.mjs', 'export default 3', 'received number'],
    ['returns no module', 'string.mjs', "export default () => 'net'", 'received net'],
    ['returns a promise', 'promise.mjs', 'export default async () => 1', 'received a Promise'],
    ['throws when loaded', 'throws.mjs', "throw new Error('on purpose')", 'throws: on purpose'],
    [
      'throws when called',
      'late.mjs',
      "export default () => { throw new Error('a\\nb') }",
      'throws: a',
    ],
    ['is no JavaScript', 'syntax.mjs', 'export default (', 'syntax.mjs throws: '],
    ['is something else', 'net.py', 'pass', 'ends in .js, .mjs, .ts, .mts'],
  ])('says in one line of a file that %s what is wrong', async (_, name, text, said) => {
    const error = await loadModuleFile(file(name, text)).catch(caught => caught)
    expect(error).toBeInstanceOf(ModuleFileError)
    expect(error.exitCode).toBe(2)
    expect(error.message).toContain(said)
    expect(error.message).not.toContain('\n')
  })

  it('says that there is no such file', async () => {
    await expect(loadModuleFile(join(folder, 'gone.mjs'))).rejects.toThrow('there is none at')
  })

  it('takes TypeScript where Node does, and says otherwise what to do', async () => {
    const loading = loadModuleFile(file('typed.ts', `${NET}\nexport default (): Net => new Net()`))
    if ('typescript' in process.features && process.features.typescript)
      await expect(loading).resolves.toMatchObject({ name: 'typed' })
    else await expect(loading).rejects.toThrow('Compile it with tsc, or use Node 22.18 or later.')
  })
})
