// The committed dumps of schemas, one a LibTorch version, named by it.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Dump } from './merge.ts'

export const SCHEMAS = join(dirname(dirname(fileURLToPath(import.meta.url))), 'codegen', 'schemas')

/** All of them, oldest first. */
export const readDumps = (): Dump[] =>
  readdirSync(SCHEMAS)
    .filter(name => name.endsWith('.txt'))
    .map(name => ({
      version: basename(name, '.txt'),
      text: readFileSync(join(SCHEMAS, name), 'utf8'),
    }))
    .sort((a, b) => a.version.localeCompare(b.version, 'en', { numeric: true }))
