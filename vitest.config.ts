// Tests are compiled with the code they test and run from dist/: what is tested is what ships.
// The list is made from src/, so that a test deleted there is not run from a stale dist/.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const testsOf = (pkg: string, sources = 'src', compiled = 'dist') =>
  readdirSync(join('packages', pkg, sources), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.test.ts'))
    .map(file => `packages/${pkg}/${compiled}/${file.replace(/\.ts$/, '.js')}`)

export default defineConfig({
  test: {
    include: [
      ...readdirSync('packages').flatMap(pkg => testsOf(pkg)),
      ...testsOf('torch', 'codegen', 'dist-codegen'),
      'test/**/*.test.mjs',
    ],
    exclude: ['**/node_modules/**'],
    pool: 'forks',
    maxWorkers: 2,
    // LibTorch's threads wait busily: beside other test files two of them are slower than one.
    env: { OMP_NUM_THREADS: '1' },
    testTimeout: 60_000,
  },
})
