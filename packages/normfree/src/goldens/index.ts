// `normfree/goldens`: holds models to the values of their reference implementations.
export {
  ASPECTS,
  type Aspect,
  type Comparison,
  compareGolden,
  type Deviation,
  passes,
} from './compare.ts'
export { fillParameters, referenceBatch } from './fill.ts'
export { type Golden, type GoldenRun, type NamedGolden, readGoldens } from './golden.ts'
export { goldenFaults, goldenHeading, goldenRow } from './report.ts'
