// `normfree predict`: what a pretrained model says of an image.
import { predict as predictImage } from '@normfree/lab'
import type { PredictFlags } from '../commands/predict.ts'
import type { Context } from '../context.ts'
import { count, percent } from '../format.ts'
import { table } from '../table.ts'
import { configureEngine } from './engine.ts'

const numbers = ['class', 'probability']

export default async function predict(
  this: Context,
  flags: PredictFlags,
  image: string,
): Promise<void> {
  configureEngine(flags)
  const { model, weights, labels } = flags
  const onDownload = (file: string, bytes: number) =>
    this.note(`downloading ${file} (${count(bytes)} bytes)`)
  const predictions = await predictImage(image, { model, weights, labels, onDownload })
  if (flags.json) this.printJson({ image, model, weights, predictions })
  else {
    const rows = predictions.map(({ index, label, probability }) => [
      String(index),
      ...(labels === undefined ? [] : [label ?? '']),
      percent(probability),
    ])
    const names = labels === undefined ? [] : ['name']
    this.print(table(['class', ...names, 'probability'], rows, numbers))
  }
}
