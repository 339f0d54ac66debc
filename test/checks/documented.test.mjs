import { describe, expect, it } from 'vitest'
import { documented } from '../../scripts/checks/documented.mjs'
import { breaches } from './repository.mjs'

const index = 'packages/runs/src/index.ts'

/** @param {string} line @param {string} name */
const breach = (line, name) => `packages/runs/src/${line} exports ${name} without a doc comment`

/** What the check says, without its advice. @param {Record<string, string>} files */
const found = async files =>
  (await breaches(documented, files)).map(text => text.split(': say what it is')[0])

describe('documented', () => {
  it('finds names without a comment where they are declared, by the names that users see', async () => {
    const x = `export const a = 1
/** Says what it is. */
export function b() {}
// No doc comment.
interface C {}
/** */
type D = 1
/** @throws Error, and says nothing of what it is. */
class E {}
export type { C, D as Other, E }
`
    const exports = "export { a, b, type C, Other, E } from './x.ts'"
    expect(await found({ [index]: exports, 'packages/runs/src/x.ts': x })).toEqual([
      breach('x.ts:1', 'a'),
      breach('x.ts:5', 'C'),
      breach('x.ts:7', 'Other'),
      breach('x.ts:9', 'E'),
    ])
  })

  it('follows namespaces, stars and names handed on, and leaves alone what is not exported', async () => {
    const files = {
      [index]: `export * as bare from './space.ts'
/** Said. */
export * as said from './space.ts'
export { c } from './hands-on.ts'
export * from './generated/all.ts'
`,
      'packages/runs/src/space.ts': 'export const a = 1\nconst hidden = 2\n',
      'packages/runs/src/hands-on.ts': "import { b } from './b.ts'\nexport { b as c }\n",
      'packages/runs/src/b.ts': 'export const b = 1\n',
      'packages/runs/src/generated/all.ts': 'function $var() {}\nexport { $var as var }\n',
    }
    expect(await found(files)).toEqual([
      breach('index.ts:1', 'bare'),
      breach('space.ts:1', 'a'),
      breach('b.ts:1', 'c'),
      breach('generated/all.ts:1', 'var'),
    ])
  })

  it('asks for comments on methods and accessors, also those of a base that is not exported', async () => {
    const files = {
      [index]: `import { Root } from './root.ts'
abstract class Base extends Root {
  bare(): void {}
}
/** Said. */
export class A extends Base {
  field = 1
  #own() {}
  private hidden() {}
  /** @internal */
  inner() {}
  override bare() {}
  get size() { return 1 }
  /** Said once for both. */
  get pair() { return 1 }
  set pair(value) {}
}
/** Said. */
export interface B {
  field: number
  call(): void
}
`,
      'packages/runs/src/root.ts': 'export class Root {\n  root() {}\n}\n',
    }
    expect(await found(files)).toEqual([
      breach('index.ts:13', 'A.size'),
      breach('index.ts:3', 'A.bare'),
      breach('root.ts:2', 'A.root'),
      breach('index.ts:21', 'B.call'),
    ])
  })

  it('takes the comment of any overload, and of either half of a merged declaration', async () => {
    const text = `/** Said. */
export function f(x: number): void
export function f(x: unknown): void {}
export interface M {}
/** Said. */
export class M {}
`
    expect(await found({ [index]: text })).toEqual([])
  })
})
