// Writes packages/torch/src/generated from the committed schema dumps.
//   node packages/torch/dist-codegen/main.js           writes the files
//   node packages/torch/dist-codegen/main.js --check   exits 1 when they are not what it would write
//   node packages/torch/dist-codegen/main.js --dump    first writes the dump of the LibTorch that is built against
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readDumps, SCHEMAS } from './dumps.ts'
import { generate } from './generate.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const OUT = join(ROOT, 'src', 'generated')

function dumpSchemas(): void {
  const native = createRequire(import.meta.url)(join(ROOT, 'build', 'normfree_torch.node'))
  native.useTape(new Float64Array(16))
  const version: string = native.engineInfo().version
  const lines = (native.schemas() as string[]).filter(line => line.startsWith('aten::')).sort()
  const head = `# Operator schemas of LibTorch ${version}, as its dispatcher lists them.`
  const name = `${version.split('.').slice(0, 2).join('.')}.txt`
  writeFileSync(join(SCHEMAS, name), `${head}\n${lines.join('\n')}\n`)
}

function stale(files: Map<string, string>): string[] {
  const present = new Set(readdirSync(OUT))
  const different = [...files].filter(
    ([name, text]) => !present.has(name) || readFileSync(join(OUT, name), 'utf8') !== text,
  )
  return [...different.map(([name]) => name), ...[...present].filter(name => !files.has(name))]
}

const mode = process.argv[2]
if (mode === '--dump') dumpSchemas()
const files = generate(readDumps())
if (mode === '--check') {
  const names = stale(files)
  for (const name of names)
    console.error(
      `packages/torch/src/generated/${name} is not what the generator writes: run npm run generate`,
    )
  process.exitCode = names.length > 0 ? 1 : 0
} else {
  rmSync(OUT, { recursive: true, force: true })
  mkdirSync(OUT, { recursive: true })
  for (const [name, text] of files) writeFileSync(join(OUT, name), text)
}
