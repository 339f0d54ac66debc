import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { newFolder, normfree } from './program.test.util.ts'

describe('bad input', () => {
  it.each<[string[], string | RegExp]>([
    [['trian'], 'normfree: Unknown command `trian`. Did you mean `train`?\n'],
    [['xyzzy'], 'normfree: Unknown command `xyzzy`. See `normfree --help`.\n'],
    [['train', '--sed', '3'], 'normfree: Unknown flag `--sed`. Did you mean `--seed`?\n'],
    [['train', '--threads'], 'normfree: Expected a value for `--threads` but received none.\n'],
    [
      ['train', '--threads', '0'],
      'normfree: Expected an integer >= 1 for `--threads` but received "0".\n',
    ],
    [
      ['train', '--seed', '-1'],
      'normfree: Expected an integer >= 0 for `--seed` but received "-1".\n',
    ],
    [
      ['train', '--seed', '1', '--seed', '2'],
      'normfree: Expected `--seed` once but received it again.\n',
    ],
    [
      ['ablate', 'plan.yaml', '--jobs', '0'],
      'normfree: Expected an integer >= 1 for `--jobs` but received "0".\n',
    ],
    [
      ['report', 'runs', '--csv', 'table.txt'],
      'normfree: Expected a file name that ends in .csv, or - for `--csv` but received "table.txt".\n',
    ],
    [
      ['train', '--mlflow', 'localhost:5000'],
      /^normfree: Expected an http or https address .* for `--mlflow` but received "localhost:5000"/,
    ],
    [
      ['ablate', 'plan.yaml', '--mlflow', 'http://ann:secret@host'],
      /^normfree: Expected an http or https address \(a user is named by MLFLOW_TRACKING_USERNAME/,
    ],
    [
      ['train', '--set', 'model=resnet20', '--experiment', 'nets'],
      'normfree: Expected `--mlflow URL` beside `--experiment` but received none.\n',
    ],
    [['doctor', '--device', 'tpu'], 'normfree: Expected cpu for `--device` but received "tpu".\n'],
    [['ablate'], 'normfree: Expected PLAN but received none. See `--help`.\n'],
    [['gain'], 'normfree: Expected ACTIVATION but received none. See `--help`.\n'],
    [
      ['train', 'a.yaml', 'b.yaml'],
      'normfree: Expected at most 1 argument(s) but received also "b.yaml".\n',
    ],
    [
      ['spp', 'resnet20', '--svg', 'x.gif'],
      'normfree: Expected a file name that ends in .svg for `--svg` but received "x.gif".\n',
    ],
    [['spp'], 'normfree: Expected MODEL or `--module FILE` but received neither. See `--help`.\n'],
    [
      ['spp', '--module', 'absent.mjs'],
      'normfree: Expected a file for `module` but there is none at absent.mjs.\n',
    ],
    [
      ['spp', 'resnet20', '--statistics', 'deadFraction,median'],
      /^normfree: Expected names out of activationMean, .* for `--statistics` but received "deadFraction,median"/,
    ],
    [
      ['spp', 'resnet20', 'resnet32', '--weights', 'x.pth'],
      /^normfree: Expected one model for `--weights` but received 2\./,
    ],
    [
      ['spp', 'resnet20', '--blocks', 'stages.*'],
      /^normfree: Expected the names of modules, .* for `blocks` but received "stages\.\*"/,
    ],
    [['convert'], 'normfree: Expected MODEL or `--module FILE` but received neither.\n'],
    [
      ['convert', 'nf_resnet20'],
      'normfree: Expected batch norms behind convolutions in `model` but CifarResNet has none.\n',
    ],
    [
      ['convert', 'resnet20', '--alpha', '0'],
      'normfree: Expected a number > 0 for `--alpha` but received "0".\n',
    ],
    [['train'], 'normfree: Expected a RECIPE or `--set model=NAME` but received neither.\n'],
    [
      ['train', '--set', 'model=nf_resnet2'],
      /^normfree: --set: model: expected the name of a model but received "nf_resnet2"\. Did you mean nf_resnet20/,
    ],
    [['train', '--set', 'model'], 'normfree: --set: expected key=value but received "model"\n'],
    [
      ['train', 'absent.yaml'],
      /^normfree: absent\.yaml: expected a file that can be read \(ENOENT/,
    ],
    [['spp', 'nf_resnet2'], /^normfree: .*"nf_resnet2".*nf_resnet20/],
    [
      ['reproduce'],
      'normfree: Expected ID..., `--all` or `--minutes` but received none. `normfree reproduce --list` lists the ids.\n',
    ],
    [['reproduce', 'fig1'], /^normfree: .*"fig1"\. Did you mean fig-1\?/],
    [['gain', 'rleu'], /^normfree: .*"rleu".*Did you mean relu\?\n$/],
    [
      ['gain', 'x * sigmiod(x)'],
      'normfree: Expected x, a number or a function but received "sigmiod" at column 5 of "x * sigmiod(x)". Did you mean sigmoid?\n',
    ],
    [
      ['gain', 'exp(x^2)'],
      /^normfree: exp\(x\^2\): Expected an activation of finite variance.*\n$/,
    ],
    [['gain', '--module', 'absent.mjs'], /^normfree: .*absent\.mjs.*\n$/],
    [['models', 'transformer'], /^normfree: .*"transformer"/],
    [['export', 'nf_resnet20'], 'normfree: Expected a value for `--out` but received none.\n'],
    [
      ['export', 'nf_resnet20', '--out', 'x.pb'],
      'normfree: Expected a file name that ends in .onnx or .safetensors for `--out` but received "x.pb".\n',
    ],
    [['export', 'nf_resnet2', '--out', 'x.onnx'], /^normfree: .*"nf_resnet2".*nf_resnet20/],
    [
      ['export', 'nf_resnet20', '--out', 'x.safetensors', '--dynamic'],
      /^normfree: Expected no `--resolution` and no `--dynamic` for safetensors/,
    ],
    [
      ['export', 'nf_resnet20', '--out', 'x.onnx', '--weights', 'absent.safetensors'],
      /^normfree: .*absent\.safetensors/,
    ],
    [
      ['export', 'dm_nf_resnet26', '--out', 'x.onnx', '--resolution', '32', '--dynamic'],
      /^normfree: Expected operators that ONNX export knows but received .*pad in .*for another input/,
    ],
    [
      ['spp', 'nf_resnet26', '--resolution', '16'],
      /^normfree: Expected at least 32 pixels for `resolution`.* nf_resnet26 .* received 16/,
    ],
    [
      ['spp', 'nf_resnet20', 'resnet20', '--option', 'alpha=1'],
      /^normfree: Expected no `alpha` for resnet20, .* received 1\. It takes numClasses/,
    ],
    [
      ['spp', 'nf_resnet20', '--option', 'alpha'],
      'normfree: Expected key=value for `--option` but received "alpha".\n',
    ],
    [
      ['train', '--set', 'model=resnet20', '--set', 'modelOptions.c=0'],
      /^normfree: --set: modelOptions: expected no `c` for resnet20/,
    ],
    [
      ['predict', 'x.png', '--model', 'nf_resnet20'],
      'normfree: Expected a value for `--weights` but received none.\n',
    ],
    [
      ['predict', 'x.png', '--model', 'nf_resnet20', '--weights', 'x.pth'],
      /^normfree: Expected an image that decodes .* but received x\.png: .*\n$/,
    ],
    [['report', 'absent'], /^normfree: .*absent/],
    [['report', '.'], /^normfree: Expected folders with runs but found none in \./],
  ])('%j: one line on stderr, nothing on stdout, exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await normfree(args)
    if (typeof message === 'string') expect(stderr).toBe(message)
    else expect(stderr).toMatch(message)
    expect(stderr.match(/\n/g)).toHaveLength(1)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })

  it('reports every mistake of a plan at once, with file, line and column', async () => {
    const cwd = newFolder()
    const plan = 'name: p\nbase:\n  model: resnet20\n  batchSize: 0\n  optimizer: {lr: fast}\n'
    writeFileSync(join(cwd, 'plan.yaml'), plan)
    const { code, stderr } = await normfree(['ablate', 'plan.yaml'], { cwd })
    expect(stderr.split('\n')).toEqual([
      'normfree: plan.yaml:4:3: batchSize: expected an integer >= 1 and <= 65536 but received 0',
      'normfree: plan.yaml:5:15: optimizer.lr: expected a number > 0 but received "fast"',
      '',
    ])
    expect(code).toBe(2)
  })

  it('says how to get LibTorch when it is not there', async () => {
    const { code, stderr } = await normfree(['spp', 'resnet20'], {
      env: { NORMFREE_ADDON: '/none/addon.node' },
    })
    expect(stderr).toMatch(/^normfree: .*\/none\/addon\.node.*npm run setup.*\n$/)
    expect(code).toBe(2)
  })

  it('shows the stack only with --verbose', async () => {
    const plain = await normfree(['train', 'absent.yaml'])
    const verbose = await normfree(['train', 'absent.yaml', '--verbose'])
    expect(plain.stderr).not.toMatch(/^ {4}at /m)
    expect(verbose.stderr).toMatch(/^ {4}at /m)
    expect(verbose.stderr).toContain(plain.stderr)
  })
})
