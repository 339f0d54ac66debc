// The one error of this folder: everything wrong with a recipe, a plan or a `--set`, all at once.
// It only formats; what is wrong is found in check.ts and sourced.ts.

/** One thing that is wrong, and where. */
export interface ConfigIssue {
  /** `file:line:column`, `--set`, or `recipe` for values that came from no file. */
  readonly place: string
  /** Dotted key, e.g. `optimizer.lr`; empty for the document as a whole. */
  readonly key: string
  /** What was expected and what was found, without the place and the key. */
  readonly message: string
}

const maxLines = 20

/**
 * The user's configuration is wrong. The message has one line for each issue,
 * `plan.yaml:5:7: optimizer.lr: expected a number > 0 but received "fast"`, in the order of the
 * places and at most 20 of them.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly exitCode = 2
  readonly issues: readonly ConfigIssue[]

  constructor(issues: readonly ConfigIssue[]) {
    super(formatIssues(issues))
    this.issues = issues
  }
}

function formatIssues(issues: readonly ConfigIssue[]): string {
  const lines = issues.map(({ place, key, message }) =>
    [place, key, message].filter(part => part !== '').join(': '),
  )
  const unique = [...new Set(lines)].sort(byPlace)
  const hidden = unique.length - maxLines
  return [...unique.slice(0, maxLines), ...(hidden > 0 ? [`and ${hidden} more`] : [])].join('\n')
}

const byPlace = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true })
