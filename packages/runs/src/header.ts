// `run.json`: written once, when a run starts, and never changed.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileAtomic } from './atomic.ts'
import { RunRecordError } from './errors.ts'
import { RecordSource } from './source.ts'
import { RUN_FORMAT, type RunHeader } from './types.ts'

const HEADER_FILE = 'run.json'

/** Whether `dir` is a run folder. */
export function isRun(dir: string): boolean {
  return existsSync(join(dir, HEADER_FILE))
}

/**
 * Makes `dir` a run folder by writing its header, whole or not at all.
 *
 * @throws RunRecordError where `dir` holds a run already: nothing is ever overwritten.
 */
export function createRun(dir: string, header: RunHeader): void {
  if (isRun(dir)) {
    throw new RunRecordError(
      `Expected a new folder for the run but received one that holds a run (${dir}). ` +
        'Choose another folder, or move that one away.',
    )
  }
  mkdirSync(dir, { recursive: true })
  writeFileAtomic(join(dir, HEADER_FILE), `${JSON.stringify(header, null, 2)}\n`)
}

/** @throws RunRecordError where the header is missing, damaged or of another format. */
export function readHeader(dir: string): RunHeader {
  const file = join(dir, HEADER_FILE)
  const source = RecordSource.parse(readText(file, dir), file)
  source.oneOf('format', [RUN_FORMAT], 'Another version of normfree wrote it: read it with that.')
  const plan = source.optionalText('plan')
  return {
    format: RUN_FORMAT,
    id: source.text('id'),
    name: source.text('name'),
    ...(plan !== undefined && { plan }),
    seed: source.number('seed'),
    created: source.text('created'),
    command: source.text('command'),
    config: source.json('config'),
    environment: readEnvironment(source),
    model: readModel(source.object('model')),
  }
}

function readEnvironment(source: RecordSource): RunHeader['environment'] {
  const environment = source.object('environment')
  const entries = Object.entries(source.json('environment')).map(([name, value]) => [
    name,
    typeof value === 'number' ? value : environment.text(name),
  ])
  return Object.fromEntries(entries)
}

function readModel(source: RecordSource): RunHeader['model'] {
  const macs = source.optionalNumber('macs')
  const model = { name: source.text('name'), parameters: source.number('parameters') }
  return macs === undefined ? model : { ...model, macs }
}

function readText(file: string, dir: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new RunRecordError(
      `Expected a run folder but received ${dir}, whose ${HEADER_FILE} cannot be read. ` +
        'Name a folder that `normfree train` or `normfree ablate` wrote.',
      { cause: error },
    )
  }
}
