// Every error is a named class: a bare Error tells neither a user nor a test what went wrong.
import { lineAt, packageSources, read, withoutComments } from './source.mjs'

/** @import { Check } from './source.mjs' */

/** @type {Check} */
export const errors = {
  name: 'errors',
  run(root) {
    const files = packageSources(root).filter(file => !file.endsWith('.test.ts'))
    const violations = files.flatMap(file => {
      const text = withoutComments(read(root, file))
      return [...text.matchAll(/\bthrow\s+(new\s+)?Error\s*\(/g)].map(match => ({
        file,
        line: lineAt(text, match.index),
        message: 'throws a bare Error: throw a named class',
      }))
    })
    return { violations, summary: `${files.length} files` }
  },
}
