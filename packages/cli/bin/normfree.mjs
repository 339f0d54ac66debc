#!/usr/bin/env node
// What npm links as `normfree`: it is there before anything is compiled, and then says what to do.
import { existsSync } from 'node:fs'

const main = new URL('../dist/main.js', import.meta.url)
if (existsSync(main)) await import(main.href)
else {
  console.error(
    'normfree: expected a compiled command line but there is none. Run `npm run setup`.',
  )
  process.exitCode = 2
}
