import { describe, expect, it } from 'vitest'
import { csvOf } from './csv.ts'
import { epochOf, headerOf, runOf, stepOf } from './testing.ts'

describe('csvOf', () => {
  it('has a row a step and epoch line, in the order of steps, with whose it is', () => {
    const run = runOf({ steps: [stepOf(1), stepOf(10)], epochs: [epochOf(1)] })
    const [head, ...rows] = csvOf([run]).trimEnd().split('\r\n')
    expect(head).toBe(
      'run,name,seed,kind,epoch,step,loss,lr,gradNorm,trainLoss,trainAccuracy,testLoss,testAccuracy,seconds,imagesPerSecond',
    )
    expect(rows).toEqual([
      'batch-norm-0,batch norm,0,step,1,1,2.3,0.1,1,,,,,,',
      'batch-norm-0,batch norm,0,step,1,10,2.3,0.1,1,,,,,,',
      'batch-norm-0,batch norm,0,epoch,1,10,,,,1,0.5,1,0.5,1,1000',
    ])
  })

  it('quotes what holds a comma, a quote or a line break, and nothing else', () => {
    const names = ['a, b', 'the "best"', 'two\nlines', "it's = fine"]
    const runs = names.map(name => runOf({ header: headerOf({ name, seed: 4 }) }))
    const text = csvOf(runs)
    expect(text).toContain(',"a, b",4,')
    expect(text).toContain(',"the ""best""",4,')
    expect(text).toContain(',"two\nlines",4,')
    expect(text).toContain(",it's = fine,4,")
    expect(text.endsWith('\r\n')).toBe(true)
  })

  it('keeps every digit, says NaN for what was not finite, and leaves absent fields empty', () => {
    const steps = [
      stepOf(1, { loss: 0.1 + 0.2, clipFraction: 1e-7 }),
      stepOf(2, { loss: Number.NaN }),
    ]
    const rows = csvOf([runOf({ steps, epochs: [] })]).split('\r\n')
    expect(rows[1]).toMatch(/,0\.30000000000000004,0\.1,1,1e-7$/)
    expect(rows[2]).toMatch(/,NaN,0\.1,1,$/)
  })

  it('gives the header alone where no line was written', () => {
    expect(csvOf([runOf({ epochs: [] })])).toBe('run,name,seed,kind,epoch,step\r\n')
  })
})
