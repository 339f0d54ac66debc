import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MetricLine, MetricsWriter, RunHeader } from '@normfree/runs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openLogs, tee } from './logs.ts'

const header: RunHeader = {
  ...{ format: 1, id: 'a', name: 'a', seed: 0, created: '', command: '', config: {} },
  ...{ environment: {}, model: { name: 'm', parameters: 1 } },
}
const line: MetricLine = { kind: 'step', step: 1, epoch: 1, loss: 2, lr: 0.1, gradNorm: 1 }

function newFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'normfree-logs-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** Logs in `dir`, and what they warned of. */
function open(dir: string, url?: string) {
  const warnings: string[] = []
  const warn = (message: string) => void warnings.push(message)
  const mlflow = url === undefined ? {} : { mlflow: { url, experiment: 'e' } }
  return { logs: openLogs({ dir, header, warn, ...mlflow }), warnings }
}

describe('openLogs', () => {
  it('writes an event file beside the record', async () => {
    const dir = newFolder()
    const { logs, warnings } = open(dir)
    logs.append(line)
    await logs.close()
    expect(readdirSync(dir)).toEqual([expect.stringMatching(/^events\.out\.tfevents\.\d+\./)])
    expect(warnings).toEqual([])
  })

  it('goes on without TensorBoard where its file cannot be written, after one warning', async () => {
    const { logs, warnings } = open(join(newFolder(), 'absent'))
    logs.append(line)
    logs.append(line)
    await logs.close()
    expect(warnings).toEqual([expect.stringMatching(/^TensorBoard: ENOENT.*; the run goes on/)])
  })

  it('keeps TensorBoard where MLflow fails', async () => {
    const server = createServer((_, response) => response.writeHead(403).end('no'))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const dir = newFolder()
    const { logs, warnings } = open(
      dir,
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    )
    logs.append(line)
    await logs.close()
    expect(warnings).toEqual([expect.stringMatching(/^MLflow at .*403.*; the run goes on/)])
    expect(readdirSync(dir)).toHaveLength(1)
  })
})

describe('tee', () => {
  it('tells the logs of a line once it is in the record, and of none that is not', () => {
    const order: string[] = []
    let full = false
    const record = {
      append: () => {
        if (full) throw new RangeError('disk full')
        order.push('record')
      },
      close: () => void order.push('closed'),
    } as unknown as MetricsWriter
    const logs = { append: () => void order.push('log'), close: async () => {} }
    const both = tee(record, logs)
    both.append(line)
    full = true
    expect(() => both.append(line)).toThrow('disk full')
    both.close()
    expect(order).toEqual(['record', 'log', 'closed'])
  })
})
