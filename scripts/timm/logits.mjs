// The half of compare.py that runs our models. The first line that it prints lists the registry's
// names; then for each line `{ name, folder }` that it reads it answers with one: names and shapes of
// the state dict, and the logits for the weights and images of the folder, if there is one; or why not.
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { loadSafetensors, nn, noGrad, tidy } from '@normfree/torch'
import { createModel, listModels, loadPretrained } from 'normfree'

/** @param {{ name: string, folder: string | null }} request */
async function answer({ name, folder }) {
  const model = nn.utils.skipInit(() => createModel(name))
  try {
    const stateDict = Array.from(model.stateDict(), ([key, { shape }]) => [key, shape])
    if (folder === null) return { stateDict }
    await loadPretrained(model, join(folder, 'weights.safetensors'))
    model.eval()
    const logits = tidy(() => {
      const { images } = Object.fromEntries(loadSafetensors(join(folder, 'images.safetensors')))
      return Array.from(noGrad(() => model(images)).data(), Number)
    })
    return { stateDict, logits }
  } finally {
    for (const tensor of model.stateDict().values()) tensor.dispose()
  }
}

/** @param {unknown} value */
const say = value => process.stdout.write(`${JSON.stringify(value)}\n`)

say(listModels().map(({ name }) => name))
for await (const line of createInterface({ input: process.stdin })) {
  try {
    say(await answer(JSON.parse(line)))
  } catch (error) {
    say({ error: error instanceof Error ? error.message : String(error) })
  }
}
