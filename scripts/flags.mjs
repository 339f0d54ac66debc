// The command line of a script or a benchmark: flags after their defaults, or one line that says what
// is wrong with them. Built-ins of Node only: the set-up reads its flags here.
import { parseArgs } from 'node:util'

/**
 * What a flag is, told by its default: `false` is a switch, a number wants a whole one (of at least 1,
 * or 0 where that is the default), a list one of its texts, the first by default, a text any.
 *
 * @typedef {false | number | string | readonly string[]} Default
 */

/**
 * @template {Default} D
 * @typedef {D extends false ? boolean : D extends number ? number : string} Value
 */

/**
 * The flags that the process was started with. Prints `help` and ends the process for `--help`; says
 * what is wrong and ends it with 2 for flags that are unknown, or have another value than they may.
 *
 * @template {Readonly<Record<string, Default>>} T
 * @param {string} help
 * @param {T} defaults
 * @param {string[]} [args]
 * @returns {{ [K in keyof T]: Value<T[K]> }}
 */
export function readFlags(help, defaults, args = process.argv.slice(2)) {
  /** @type {Record<string, Default>} */
  const all = { ...defaults, help: false }
  /** @type {Record<string, { type: 'boolean' | 'string' }>} */
  const options = {}
  for (const name of Object.keys(all))
    options[name] = { type: all[name] === false ? 'boolean' : 'string' }
  try {
    /** @type {Record<string, unknown>} */
    const values = parseArgs({ args, options }).values
    if (values.help) end(help, 0)
    const read = Object.entries(all).map(([name, usual]) => [
      name,
      chosen(name, values[name], usual),
    ])
    return Object.fromEntries(read)
  } catch (error) {
    return end(`${/** @type {Error} */ (error).message.split('. ')[0]}. See --help.`, 2)
  }
}

/** @param {string} name @param {unknown} given @param {Default} usual */
function chosen(name, given, usual) {
  if (given === undefined) return Array.isArray(usual) ? usual[0] : usual
  const refuse = (/** @type {string} */ expected) =>
    new RangeError(`Expected ${expected} for --${name} but received ${JSON.stringify(given)}`)
  if (typeof usual === 'number') {
    const least = Math.min(usual, 1)
    if (/^\d+$/.test(`${given}`) && Number(given) >= least && Number.isSafeInteger(Number(given)))
      return Number(given)
    throw refuse(`a whole number >= ${least}`)
  }
  if (Array.isArray(usual) && !usual.includes(given)) throw refuse(usual.join(' or '))
  return given
}

/** @param {string} text @param {0 | 2} code @returns {never} */
function end(text, code) {
  if (code === 0) console.log(text.trimEnd())
  else console.error(text)
  process.exit(code)
}
