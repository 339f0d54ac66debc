import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { newFolder, normfree } from './program.test.util.ts'

/** A recipe whose steps are too few for AGC to let branches grow. */
function shortRecipe(): string {
  const file = join(newFolder(), 'recipe.yaml')
  writeFileSync(file, 'model: nf_resnet20\noptimizer: { lr: 0.05 }\nclip: { kind: agc }\n')
  return file
}

describe('normfree check', () => {
  it('finds nothing in a healthy model and exits with 0', async () => {
    const { code, stdout } = await normfree(['check', 'nf_resnet20'])
    expect(stdout).toBe('nf_resnet20, N(0, 1) noise, 3 x 32 x 32\nno fault found\n')
    expect(code).toBe(0)
  })

  it('says what is wrong where, why and what to do, and exits with 1', async () => {
    const { code, stdout, stderr } = await normfree(['check', 'resnet20_nonorm', '--fix'])
    expect(stdout).toMatch(
      /fault: explosion in layer\d\.\d.*\n {2}found .*\n {2}cause .*\n {2}change .*\n {2}source /,
    )
    expect(stdout).toContain('model:\n  layer1.0.conv2:\n    weight: 0\n')
    expect(stdout).toContain('With these settings: no fault found.')
    expect(stderr).toBe('normfree: resnet20_nonorm has 1 fault\n')
    expect(code).toBe(1)
  })

  it('checks the model of a recipe with its training, as one JSON document', async () => {
    const recipe = shortRecipe()
    const args = ['check', '--recipe', recipe, '--json']
    const short = await normfree([...args, '--steps', '500'])
    const long = await normfree([...args, '--steps', '50000'])
    const { model, findings } = JSON.parse(short.stdout)
    expect({ model, rules: findings.map(({ rule }: { rule: string }) => rule) }).toEqual({
      model: 'nf_resnet20',
      rules: ['branch-stays-silent'],
    })
    expect(JSON.parse(long.stdout)).toMatchObject({ findings: [], fixed: null })
    expect([short.code, long.code]).toEqual([1, 0])
  })

  it('refuses what names no model, two, or steps of nothing, in one line', async () => {
    const wrong = [
      [['check'], 'Expected MODEL, `--module FILE` or `--recipe FILE`'],
      [['check', 'nf_resnet20', '--module', 'net.mjs'], 'received a model and a module'],
      [['check', 'nf_resnet20', '--steps', '9'], 'Expected `--recipe` with `--steps`'],
      [['check', 'nf_resnet2'], 'Expected a model name but received "nf_resnet2"'],
      [['check', '--module', 'none.mjs'], 'there is none at none.mjs'],
    ] as const
    for (const [args, message] of wrong) {
      const { code, stdout, stderr } = await normfree(args)
      expect(stderr).toContain(message)
      expect({ code, stdout, lines: stderr.split('\n').length }).toEqual({
        code: 2,
        stdout: '',
        lines: 2,
      })
    }
  })
})
