import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EpochLine, RunHeader, StepLine } from '@normfree/runs'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openMlflow } from './mlflow.ts'
import type { Patience } from './mlflow-client.ts'

const IMPATIENT: Patience = { attempts: 3, backOff: 1, stall: 200, close: 2000 }

interface Call {
  path: string
  body: Record<string, unknown>
  authorization?: string | undefined
}
type Answer = (response: ServerResponse, call: Call) => void

const json =
  (value: unknown, status = 200): Answer =>
  response =>
    void response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify(value))
const missing = json({ error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'No such thing' }, 404)
const stall: Answer = () => {}
const die: Answer = response => void response.destroy()

/** What a proper server says that knows no experiment yet. */
const PROPER: Record<string, Answer> = {
  'experiments/get-by-name': missing,
  'experiments/create': json({ experiment_id: '7' }),
  'runs/create': json({ run: { info: { run_id: 'abc' } } }),
  'runs/log-batch': json({}),
  'runs/update': json({ run_info: {} }),
}

/** A server that answers as `answers` say; a list answers the first, second, ... request. */
async function serve(answers: Record<string, Answer | Answer[]> = {}) {
  const calls: Call[] = []
  const server = createServer((request, response) => void handle(request, response))
  async function handle(request: IncomingMessage, response: ServerResponse) {
    let text = ''
    for await (const chunk of request) text += chunk
    const [, path = ''] = /^\/base\/api\/2\.0\/mlflow\/([^?]*)/.exec(request.url ?? '') ?? []
    const { authorization } = request.headers
    const call = { path, body: text ? JSON.parse(text) : {}, authorization }
    const before = calls.filter(each => each.path === path).length
    calls.push(call)
    const answer = answers[path] ?? PROPER[path] ?? missing
    const chosen = Array.isArray(answer) ? answer[Math.min(before, answer.length - 1)] : answer
    chosen!(response, call)
  }
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const stop = () => {
    server.closeAllConnections()
    server.close()
  }
  onTestFinished(stop)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`
  const to = (path: string) => calls.filter(call => call.path === path).map(({ body }) => body)
  return { url, calls, to, stop }
}

function newFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'normfree-mlflow-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

const header: RunHeader = {
  ...{
    format: 1,
    id: 'tiny-s3',
    name: 'tiny',
    plan: 'a plan',
    seed: 3,
    created: '',
    command: 'it',
  },
  config: {
    optimizer: { lr: 0.1, nesterov: true },
    clip: { kind: 'agc', exclude: ['fc'] },
    data: 'd'.repeat(600),
  },
  environment: { threads: 2 },
  model: { name: 'm', parameters: 1 },
}
const step = (at: number, loss = 2): StepLine =>
  ({ kind: 'step', step: at, epoch: 1, loss, lr: 0.1, gradNorm: 1 }) as const
const epoch: EpochLine = {
  ...{ kind: 'epoch', epoch: 1, step: 9, trainLoss: 1, trainAccuracy: 0.4, testLoss: 1 },
  ...{ testAccuracy: 0.5, seconds: 1, imagesPerSecond: 10 },
}

/** An open log with what it warned of. */
function open(url: string, dir = newFolder(), changes: Partial<RunHeader> = {}) {
  const warnings: string[] = []
  const run = { dir, header: { ...header, ...changes } }
  const log = openMlflow({ url, experiment: 'nets' }, run, text => warnings.push(text), IMPATIENT)
  return { log, warnings }
}

afterEach(() => void vi.unstubAllEnvs())

describe('openMlflow', () => {
  it('creates the experiment and the run, and sends settings, metrics and the end', async () => {
    const server = await serve()
    const { log, warnings } = open(`${server.url}/`)
    log.append(step(1))
    log.append(step(2, Number.NaN))
    log.append(epoch)
    log.append({ kind: 'end', status: 'completed', seconds: 1 })
    await log.close()
    expect(warnings).toEqual([])
    expect(server.to('experiments/create')).toEqual([{ name: 'nets' }])
    const [created] = server.to('runs/create')
    expect(created).toMatchObject({ experiment_id: '7', run_name: 'tiny' })
    expect(created!.tags).toContainEqual({ key: 'normfree.plan', value: 'a plan' })
    expect(created!.tags).toContainEqual({ key: 'environment.threads', value: '2' })
    const [settings, metrics] = server.to('runs/log-batch')
    expect(settings).toEqual({
      run_id: 'abc',
      params: [
        { key: 'optimizer.lr', value: '0.1' },
        { key: 'optimizer.nesterov', value: 'true' },
        { key: 'clip.kind', value: 'agc' },
        { key: 'clip.exclude', value: '["fc"]' },
        { key: 'data', value: 'd'.repeat(500) },
      ],
    })
    const sent = metrics!.metrics as { key: string; value: number; step: number }[]
    expect(sent).toContainEqual(expect.objectContaining({ key: 'train/loss', value: 2, step: 1 }))
    expect(sent.filter(({ key }) => key === 'train/loss')).toHaveLength(1)
    expect(sent).toContainEqual(expect.objectContaining({ key: 'test/accuracy', step: 9 }))
    expect(server.to('runs/update')[0]).toMatchObject({ run_id: 'abc', status: 'FINISHED' })
  })

  it('sends no more than MLflow takes at once, in order', async () => {
    const server = await serve()
    const config = Object.fromEntries(Array.from({ length: 230 }, (_, i) => [`key${i}`, i]))
    const { log } = open(server.url, newFolder(), { config })
    for (let at = 1; at <= 400; at++) log.append(step(at))
    await log.close()
    const batches = server.to('runs/log-batch') as {
      params?: unknown[]
      metrics?: { step: number }[]
    }[]
    expect(batches.flatMap(({ params = [] }) => (params.length ? [params.length] : []))).toEqual([
      100, 100, 30,
    ])
    const metrics = batches.flatMap(each => (each.metrics ? [each.metrics] : []))
    expect(Math.max(...metrics.map(each => each.length))).toBeLessThanOrEqual(500)
    const steps = metrics.flat().map(each => each.step)
    expect(steps).toHaveLength(1200)
    expect(steps).toEqual([...steps].sort((a, b) => a - b))
  })

  it('uses an experiment that is there, also where another run creates it in between', async () => {
    const known = json({ experiment: { experiment_id: '9' } })
    const taken = json({ error_code: 'RESOURCE_ALREADY_EXISTS' }, 400)
    for (const answers of [[known], [missing, known]]) {
      const server = await serve({
        'experiments/get-by-name': answers,
        'experiments/create': taken,
      })
      const { log, warnings } = open(server.url)
      await log.close()
      expect(warnings).toEqual([])
      expect(server.to('runs/create')[0]).toMatchObject({ experiment_id: '9' })
    }
  })

  it('goes on with the run that the folder had, and begins another where the server lost it', async () => {
    const server = await serve()
    const dir = newFolder()
    await open(server.url, dir).log.close()
    await open(server.url, dir).log.close()
    expect(server.to('runs/create')).toHaveLength(1)
    expect(server.to('runs/update').map(({ status }) => status)).toEqual([
      ...['FAILED', 'RUNNING', 'FAILED'],
    ])
    const forgetful = await serve({ 'runs/update': [missing, PROPER['runs/update']!] })
    writeFileSync(join(dir, 'mlflow.json'), JSON.stringify({ url: forgetful.url, runId: 'gone' }))
    await open(forgetful.url, dir).log.close()
    expect(forgetful.to('runs/create')).toHaveLength(1)
    expect(JSON.parse(readFileSync(join(dir, 'mlflow.json'), 'utf8')).runId).toBe('abc')
  })

  it('says how the run ended', async () => {
    const server = await serve()
    for (const status of ['diverged', 'interrupted'] as const) {
      const { log } = open(server.url)
      log.append({ kind: 'end', status, seconds: 1 })
      await log.close()
    }
    expect(server.to('runs/update').map(({ status }) => status)).toEqual(['FAILED', 'KILLED'])
  })

  it('names its user as the environment says', async () => {
    const server = await serve()
    vi.stubEnv('MLFLOW_TRACKING_USERNAME', 'ann')
    vi.stubEnv('MLFLOW_TRACKING_PASSWORD', 'päss')
    await open(server.url).log.close()
    vi.stubEnv('MLFLOW_TRACKING_TOKEN', 'tok')
    await open(server.url).log.close()
    const basic = `Basic ${Buffer.from('ann:päss').toString('base64')}`
    expect([...new Set(server.calls.map(call => call.authorization))]).toEqual([
      basic,
      'Bearer tok',
    ])
  })
})

describe('a server that misbehaves', () => {
  /** Runs a log to its end beside such a server. */
  async function survive(answers: Record<string, Answer | Answer[]>) {
    const server = await serve(answers)
    const { log, warnings } = open(server.url)
    const started = performance.now()
    log.append(step(1))
    const appended = performance.now() - started
    await log.close()
    return { server, warnings, appended, seconds: (performance.now() - started) / 1000 }
  }

  it('is asked again after a fault that may pass', async () => {
    const flaky = [json({}, 503), die, json({})]
    const { warnings, server } = await survive({ 'runs/log-batch': flaky })
    expect(warnings).toEqual([])
    expect(server.to('runs/log-batch')[2]).toEqual(server.to('runs/log-batch')[0])
    expect(server.to('runs/update')).toHaveLength(1)
  })

  it.each<[string, Record<string, Answer>, RegExp]>([
    [
      'answers 500',
      { 'experiments/get-by-name': json({ m: 'a\nb' }, 500) },
      /answered 500 to experi/,
    ],
    [
      'refuses',
      { 'runs/create': json({ message: 'no' }, 403) },
      /answered 403 to runs\/create: .*no/,
    ],
    ['dies', { 'runs/log-batch': die }, /runs\/log-batch: /],
    ['stalls', { 'runs/create': stall }, /runs\/create: no answer in time/],
    ['sends no JSON', { 'runs/create': r => r.end('<html>\n</html>') }, /no JSON object: <html> </],
    [
      'sends another JSON',
      { 'runs/create': json({ run: null }) },
      /answered without run\.info\.run_id/,
    ],
    [
      'redirects',
      { 'runs/create': r => r.writeHead(302, { location: '/' }).end() },
      /runs\/create: /,
    ],
  ])('costs one warning when it %s', async (_, answers, reason) => {
    const { warnings, appended, seconds } = await survive(answers)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(reason)
    expect(warnings[0]).toMatch(/^MLflow at http:.*; the run goes on without it\.$/)
    expect(appended).toBeLessThan(100)
    expect(seconds).toBeLessThan(3)
  })

  it('is not waited for at the end beyond the limit', async () => {
    const server = await serve({ 'runs/log-batch': stall })
    const warnings: string[] = []
    const patience = { ...IMPATIENT, stall: 60_000, close: 100 }
    const target = { url: server.url, experiment: 'nets' }
    const run = { dir: newFolder(), header }
    const log = openMlflow(target, run, text => warnings.push(text), patience)
    log.append(step(1))
    const started = performance.now()
    await log.close()
    expect(performance.now() - started).toBeLessThan(2000)
    expect(warnings).toEqual([expect.stringContaining('it did not take all in time')])
  })

  it('is given up when nothing listens', async () => {
    const server = await serve()
    server.stop()
    const { log, warnings } = open(server.url)
    log.append(step(1))
    await log.close()
    expect(warnings).toEqual([expect.stringContaining('experiments/get-by-name: ECONNREFUSED')])
  })
})
