// Whether a recipe says where its numbers come from: a rule by lines, for tests; not part of the package.

/** A number as a value of its own: not the 50 of `resnet50`, nor what stands in a name. */
const NUMBER = /(?<![\w./?=-])-?\d[\d.e+-]*(?![\w/])/
/** Keys whose values are names. */
const NAMED = /\b(name|model|data|weights): [^,}\n]*/g

/**
 * Lines with a number but no comment, as `line: text`. A comment is on the line itself, or stands alone
 * above it: then it is of all lines down to a blank one, or to one that is less indented.
 */
export function unsourcedNumbers(yaml: string): string[] {
  let covered: number | null = null
  return yaml.split('\n').flatMap((line, i) => {
    const indent = line.search(/\S/)
    if (indent < 0) covered = null
    else if (line[indent] === '#') covered = indent
    else if (covered !== null && indent < covered) covered = null
    const [value = '', comment] = line.split(/(?:^|\s)#/)
    const hasNumber = NUMBER.test(value.replaceAll(NAMED, ''))
    return hasNumber && comment === undefined && covered === null
      ? [`${i + 1}: ${line.trim()}`]
      : []
  })
}
