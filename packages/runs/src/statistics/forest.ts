// Random forest regression, after Breiman (2001), "Random Forests": trees of least squares on
// bootstrap samples, each split chosen among a random subset of the columns. Written for hundreds
// of rows and a handful of columns; every number is a function of the data and the seed.
import { type Draw, drawFrom } from './random.ts'

/** How a forest grows. */
export interface ForestOptions {
  /** Default 300. */
  trees?: number
  /** Fewest rows of a leaf, repeats of the bootstrap included. Default 2. */
  minLeaf?: number
  /** Columns that are tried for a split. Default: two thirds of them, rounded up. */
  tried?: number
  /** Default 0. */
  seed?: number
}

/** A tree in arrays, one entry a node; the root is 0. */
interface Tree {
  /** The column that is asked for; -1 in a leaf. */
  column: Int32Array
  /** Rows with a value <= threshold go to `left`, the others to `left + 1`. */
  threshold: Float64Array
  left: Int32Array
  /** The mean of the target. */
  value: Float64Array
  /** 1 for the rows that the bootstrap did not draw. */
  outOfBag: Uint8Array
}

/** A grown forest. */
export interface Forest {
  trees: readonly Tree[]
}

/** One row of each column is one observation of `target`. */
export function growForest(
  columns: readonly Float64Array[],
  target: Float64Array,
  options: ForestOptions = {},
): Forest {
  const {
    trees = 300,
    minLeaf = 2,
    tried = Math.ceil((2 * columns.length) / 3),
    seed = 0,
  } = options
  const draw = drawFrom(seed)
  return {
    trees: Array.from({ length: trees }, () => growTree({ columns, target, minLeaf, tried, draw })),
  }
}

/**
 * For each row the mean over the trees that did not see it; NaN where every tree did.
 */
export function predictOutOfBag({ trees }: Forest, columns: readonly Float64Array[]): Float64Array {
  const rows = columns[0]?.length ?? 0
  const sums = new Float64Array(rows)
  const counts = new Float64Array(rows)
  for (const tree of trees) {
    for (let row = 0; row < rows; row++) {
      if (!tree.outOfBag[row]) continue
      sums[row]! += predictRow(tree, columns, row)
      counts[row]!++
    }
  }
  return sums.map((sum, row) => sum / counts[row]!)
}

function predictRow(tree: Tree, columns: readonly Float64Array[], row: number): number {
  let node = 0
  while (tree.column[node]! >= 0) {
    const goesLeft = columns[tree.column[node]!]![row]! <= tree.threshold[node]!
    node = tree.left[node]! + (goesLeft ? 0 : 1)
  }
  return tree.value[node]!
}

interface Growth {
  columns: readonly Float64Array[]
  target: Float64Array
  minLeaf: number
  tried: number
  draw: Draw
}

function growTree(growth: Growth): Tree {
  const { target, draw } = growth
  const sample = Int32Array.from(target, () => draw(target.length))
  const outOfBag = new Uint8Array(target.length).fill(1)
  for (const row of sample) outOfBag[row] = 0
  const most = 2 * target.length
  const tree: Tree = {
    column: new Int32Array(most).fill(-1),
    threshold: new Float64Array(most),
    left: new Int32Array(most),
    value: new Float64Array(most),
    outOfBag,
  }
  const waiting = [{ node: 0, rows: sample }]
  let nodes = 1
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { node, rows } = next
    tree.value[node] = rows.reduce((sum, row) => sum + target[row]!, 0) / rows.length
    const split = bestSplit(growth, rows)
    if (!split) continue
    tree.column[node] = split.column
    tree.threshold[node] = split.threshold
    tree.left[node] = nodes
    const values = growth.columns[split.column]!
    waiting.push(
      { node: nodes, rows: rows.filter(row => values[row]! <= split.threshold) },
      { node: nodes + 1, rows: rows.filter(row => values[row]! > split.threshold) },
    )
    nodes += 2
  }
  return tree
}

interface Split {
  column: number
  threshold: number
  /** What is left of the sum of squares is smaller the larger this is. */
  score: number
}

function bestSplit(growth: Growth, rows: Int32Array): Split | null {
  const { columns, target, minLeaf, tried, draw } = growth
  if (rows.length < 2 * minLeaf || rows.every(row => target[row] === target[rows[0]!])) return null
  let best: Split | null = null
  for (const column of subset(columns.length, tried, draw)) {
    const split = bestSplitOf(columns[column]!, target, rows, minLeaf)
    if (split && (!best || split.score > best.score)) best = { ...split, column }
  }
  return best
}

// Minimizing the squares around the means of both sides is maximizing sum^2 / count of both.
function bestSplitOf(
  values: Float64Array,
  target: Float64Array,
  rows: Int32Array,
  minLeaf: number,
): Omit<Split, 'column'> | null {
  const sorted = rows.toSorted((a, b) => values[a]! - values[b]!)
  const total = sorted.reduce((sum, row) => sum + target[row]!, 0)
  let best: Omit<Split, 'column'> | null = null
  let sum = 0
  for (let count = 1; count < sorted.length; count++) {
    sum += target[sorted[count - 1]!]!
    const [below, above] = [values[sorted[count - 1]!]!, values[sorted[count]!]!]
    if (below === above || count < minLeaf || sorted.length - count < minLeaf) continue
    const score = sum ** 2 / count + (total - sum) ** 2 / (sorted.length - count)
    if (best && score <= best.score) continue
    const middle = (below + above) / 2
    best = { threshold: middle < above ? middle : below, score } // neighbours have no middle
  }
  return best
}

/** `size` different numbers below `total`, in random order. */
function subset(total: number, size: number, draw: Draw): number[] {
  const numbers = Array.from({ length: total }, (_, index) => index)
  return Array.from(
    { length: Math.min(size, total) },
    () => numbers.splice(draw(numbers.length), 1)[0]!,
  )
}
