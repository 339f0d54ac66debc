// The map of commands. Each command's flags are declared in commands/; what it does is loaded from
// actions/ when it runs, so that `normfree --help` starts at once and without LibTorch.
import { readFile } from 'node:fs/promises'
import { type Application, buildApplication, buildRouteMap, help, version } from '@stricli/core'
import { ablate } from './commands/ablate.ts'
import { check } from './commands/check.ts'
import { convert } from './commands/convert.ts'
import { doctor } from './commands/doctor.ts'
import { exportModel } from './commands/export.ts'
import { gain } from './commands/gain.ts'
import { models } from './commands/models.ts'
import { predict } from './commands/predict.ts'
import { report } from './commands/report.ts'
import { reproduce } from './commands/reproduce.ts'
import { spp } from './commands/spp.ts'
import { train } from './commands/train.ts'
import type { Context } from './context.ts'
import { createText, exitCodeOf } from './errors.ts'

const routes = buildRouteMap({
  routes: {
    doctor,
    models,
    spp,
    check,
    convert,
    gain,
    train,
    ablate,
    report,
    reproduce,
    predict,
    export: exportModel,
  },
  docs: {
    brief: 'Design, inspect, train and compare deep networks without normalization layers.',
  },
})

const formatting = {
  useAliasInUsageLine: false,
  onlyRequiredInUsageLine: true,
  caseStyle: 'original',
} as const

/** The command line; `verbose` adds stacks to error messages. */
export function createApplication({ verbose }: { verbose: boolean }): Application<Context> {
  const config = {
    name: 'normfree',
    localization: { text: createText(verbose) },
    determineExitCode: exitCodeOf,
  }
  return buildApplication(routes, config, {
    help: help({ brief: 'Print this help', defaultForRouteMap: true, complete: true, formatting }),
    version: version({ brief: 'Print the version', info: { getCurrentVersion } }),
  })
}

async function getCurrentVersion(): Promise<string> {
  const manifest = await readFile(new URL('../package.json', import.meta.url), 'utf8')
  return JSON.parse(manifest).version
}
