import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nn } from '@normfree/torch'
import { afterAll, describe, expect, it } from 'vitest'
import { loadModuleFile, ModuleFileError } from './module-file.ts'

// Outside of any project: the packages that a file imports are given to it.
const folder = mkdtempSync(join(tmpdir(), 'normfree-module-file-'))
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
    ['is no TypeScript', 'syntax.ts', 'export default (): => 1', 'syntax.ts throws: '],
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

  it("takes TypeScript, whose modules are this program's own", async () => {
    const typed = `import type { Tensor } from '@normfree/torch'
import { createModel } from 'normfree'
interface Sizes { width: number }
class Net extends nn.Module {
  readonly fc: nn.Linear
  constructor({ width }: Sizes) { super(); this.fc = new nn.Linear(width, 3) }
  override forward(x: Tensor): Tensor { return this.fc(x) }
}
export default (): nn.Module => new nn.Sequential(new Net({ width: 2 }), createModel('resnet20'))`
    const { name, create } = await loadModuleFile(file('typed.ts', typed))
    expect(name).toBe('typed')
    expect(create()).toBeInstanceOf(nn.Sequential)
  })
})
