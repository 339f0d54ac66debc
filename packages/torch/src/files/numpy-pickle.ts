// NumPy arrays in a pickle: how Haiku's users, DeepMind among them, publish weights (`F0_haiku.npz`
// is one, whatever its ending says). Read by pickle.ts, which runs nothing; the names that NumPy and
// dill write for arrays are all that it may call.
import { tidy } from '../memory.ts'
import type { Tensor } from '../tensor.ts'
import { type ByteFile, withFile } from './byte-file.ts'
import { parseDescr } from './npy-header.ts'
import { unpickle } from './pickle.ts'
import {
  kindOf,
  PickleBytes,
  PickleFunction,
  type PickleKey,
  PickleObject,
  type PickleValue,
  type PickleWorld,
} from './pickle-value.ts'
import {
  type ArrayLayout,
  bytesOfShape,
  ELEMENT_BYTES,
  MAX_DIMENSIONS,
  quoted,
  tensorOfArray,
} from './raw.ts'

/**
 * Reads a pickle of dicts in dicts with NumPy arrays at their ends, onto the CPU, and executes
 * nothing. The keys on the way to an array are joined by `/`; order is that of the file.
 *
 * @throws FileFormatError (an ArgumentError) that names the file and what is wrong with it; any name
 * but those of arrays and dicts is refused, e.g. "refused: posix.system".
 */
export const loadNumpyPickle = (path: string): Map<string, Tensor> =>
  withFile(path, file => {
    const bytes = file.read(0, file.size)
    const { value } = unpickle(bytes, 0, numpyWorld(file))
    return tidy(() => new Map(arraysIn(value, [], file)))
  })

/** `numpy.dtype('f4')`; its byte order is set afterwards. */
class DtypeSpec extends PickleObject {
  readonly code: string
  order = '|'

  constructor(code: string) {
    super()
    this.code = code
  }
}

/** An array, empty until its state is set. */
class ArraySpec extends PickleObject {
  state: ArrayState | null = null
}

interface ArrayState extends ArrayLayout {
  bytes: Uint8Array
}

type Refuse = ByteFile['refuse']

/** NumPy 2 moved its modules. */
const NUMPY_CORES = ['numpy.core', 'numpy._core']

function numpyWorld({ refuse }: ByteFile): PickleWorld {
  const array = new PickleFunction(() => new ArraySpec())
  const scalar = new PickleFunction(([dtype, data]) => arrayOf([1, [], dtype, false, data], refuse))
  const globals = new Map<string, PickleValue>([
    ['numpy.ndarray', 'numpy.ndarray'],
    ['numpy.dtype', new PickleFunction(([code]) => new DtypeSpec(String(code)))],
    ['collections.OrderedDict', new PickleFunction(() => new Map())],
    ['_codecs.encode', new PickleFunction(args => encoded(args, refuse))],
    ...NUMPY_CORES.flatMap((core): [string, PickleValue][] => [
      [`${core}.multiarray._reconstruct`, array],
      [`${core}.multiarray.scalar`, scalar],
    ]),
  ])
  const build = (target: PickleObject, state: PickleValue) => {
    const fields = Array.isArray(state) ? state : []
    if (target instanceof DtypeSpec) target.order = String(fields[1])
    else if (target instanceof ArraySpec) target.state = arrayOf(fields, refuse).state
    else throw refuse('attributes of arrays alone', `those of ${kindOf(target)}`)
  }
  const persistent = () => {
    throw refuse('arrays and dicts alone', 'a persistent id')
  }
  return { globals, build, persistent, refuse }
}

/** Bytes as protocol 2 writes them: a text of the same code points. */
function encoded([text, encoding]: readonly PickleValue[], refuse: Refuse): PickleBytes {
  if (typeof text === 'string' && encoding === 'latin1')
    return new PickleBytes(Buffer.from(text, 'latin1'))
  throw refuse('bytes as a text in latin1', `${kindOf(text)} in ${String(encoding)}`)
}

/** The state of an array: version, shape, dtype, whether the first index runs fastest, bytes. */
function arrayOf(state: readonly (PickleValue | undefined)[], refuse: Refuse): ArraySpec {
  const [, sizes, dtypeSpec, fortranOrder, data] = state
  const shape = Array.isArray(sizes) ? sizes.filter(size => typeof size === 'number') : []
  if (!Array.isArray(sizes) || shape.length !== sizes.length || shape.length > MAX_DIMENSIONS)
    throw refuse('the shape of an array', kindOf(sizes ?? null))
  if (!(dtypeSpec instanceof DtypeSpec) || !(data instanceof PickleBytes))
    throw refuse('numbers or booleans', `an array of ${kindOf(dtypeSpec ?? null)}`)
  const { dtype, bigEndian } = parseDescr(`${dtypeSpec.order}${dtypeSpec.code}`, refuse)
  const wanted = shape.every(size => size >= 0)
    ? bytesOfShape(shape, ELEMENT_BYTES[dtype])
    : Number.NaN
  if (data.bytes.length !== wanted)
    throw refuse(`${wanted} bytes of an array [${shape}] of ${dtype}`, `${data.bytes.length}`)
  const array = new ArraySpec()
  array.state = { dtype, bigEndian, shape, fortranOrder: fortranOrder === true, bytes: data.bytes }
  return array
}

/** Arrays with the keys that lead to them. Recursive: pickle.ts bounds the depth. */
function* arraysIn(
  value: PickleValue,
  path: readonly PickleKey[],
  file: ByteFile,
): Generator<[string, Tensor]> {
  const name = path.join('/')
  if (value instanceof Map) {
    for (const [key, item] of value) yield* arraysIn(item, [...path, key], file)
  } else if (value instanceof ArraySpec && value.state) {
    // A copy: bytes that are swapped are swapped in place.
    yield [name, tensorOfArray(new Uint8Array(value.state.bytes), value.state, file, name)]
  } else {
    throw file.refuse('dicts of NumPy arrays', `${kindOf(value)} as ${quoted(name)}`)
  }
}
