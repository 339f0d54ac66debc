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
  const growth = {
    columns: columns.map(rank),
    target,
    minLeaf,
    tried,
    draw: drawFrom(seed),
    sums: new Float64Array(target.length),
    counts: new Int32Array(target.length),
  }
  return { trees: Array.from({ length: trees }, () => growTree(growth)) }
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

/** A column as places among its distinct values: splits are found without sorting again. */
interface RankedColumn {
  levels: Float64Array
  ranks: Int32Array
}

interface Growth {
  columns: readonly RankedColumn[]
  target: Float64Array
  minLeaf: number
  tried: number
  draw: Draw
  /** For each level of a column, to be used again: there are many splits. */
  sums: Float64Array
  counts: Int32Array
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
    const { ranks } = growth.columns[split.column]!
    waiting.push(
      { node: nodes, rows: rows.filter(row => ranks[row]! <= split.rank) },
      { node: nodes + 1, rows: rows.filter(row => ranks[row]! > split.rank) },
    )
    nodes += 2
  }
  return tree
}

function rank(column: Float64Array): RankedColumn {
  const levels = Float64Array.from(new Set(column)).sort()
  const places = new Map([...levels].map((level, place) => [level, place]))
  return { levels, ranks: Int32Array.from(column, value => places.get(value)!) }
}

interface Split {
  column: number
  threshold: number
  /** The last of the left side. */
  rank: number
  /** What is left of the sum of squares is smaller the larger this is. */
  score: number
}

function bestSplit(growth: Growth, rows: Int32Array): Split | null {
  const { columns, target, minLeaf, tried, draw } = growth
  if (rows.length < 2 * minLeaf || rows.every(row => target[row] === target[rows[0]!])) return null
  let best: Split | null = null
  for (const column of subset(columns.length, tried, draw)) {
    const split = bestSplitOf(growth, columns[column]!, rows)
    if (split && (!best || split.score > best.score)) best = { ...split, column }
  }
  return best
}

// Minimizing the squares around the means of both sides is maximizing sum^2 / count of both.
function bestSplitOf(
  { target, minLeaf, sums, counts }: Growth,
  { levels, ranks }: RankedColumn,
  rows: Int32Array,
): Omit<Split, 'column'> | null {
  sums.fill(0, 0, levels.length)
  counts.fill(0, 0, levels.length)
  let total = 0
  for (const row of rows) {
    sums[ranks[row]!]! += target[row]!
    counts[ranks[row]!]!++
    total += target[row]!
  }
  let best: Omit<Split, 'column'> | null = null
  let [sum, count, last] = [0, 0, -1]
  for (let place = 0; place < levels.length; place++) {
    if (counts[place] === 0) continue
    const rest = total - sum
    const score = (sum * sum) / count + (rest * rest) / (rows.length - count)
    if (count >= minLeaf && rows.length - count >= minLeaf && (!best || score > best.score))
      best = { threshold: between(levels[last]!, levels[place]!), rank: last, score }
    sum += sums[place]!
    count += counts[place]!
    last = place
  }
  return best
}

/** The middle, which for two neighbouring numbers may be rounded up to the higher. */
function between(low: number, high: number): number {
  const middle = (low + high) / 2
  return middle < high ? middle : low
}

/** `size` different numbers below `total`, in random order. */
function subset(total: number, size: number, draw: Draw): number[] {
  const numbers = Array.from({ length: total }, (_, index) => index)
  return Array.from(
    { length: Math.min(size, total) },
    () => numbers.splice(draw(numbers.length), 1)[0]!,
  )
}
