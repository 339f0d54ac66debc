// Our side of bench/dispatch.mjs; speaks the protocol of bench/peer.mjs, with lines `OPERATION N`.
import { createInterface } from 'node:readline'
import { cat, conv2d, engineInfo, ones, relu, setNumThreads, tidy } from '@normfree/torch'

setNumThreads(1)
const [one, two] = [ones([1]), ones([1])]
const [a, b] = [ones([2, 2]), ones([2, 2])]
const [image, kernel] = [ones([1, 1, 4, 4]), ones([1, 1, 3, 3])]
const pair = [one, two]
const operations = {
  add: () => one.add(two),
  mul: () => one.mul(two),
  relu: () => relu(one),
  matmul: () => a.matmul(b),
  view: () => a.view([4]),
  sum: () => a.sum(),
  conv2d: () => conv2d(image, kernel),
  cat: () => cat(pair),
  transpose: () => a.transpose(0, 1),
  item: () => one.item(),
}
/** Calls in one scope, about as many as a layer or two make. */
const SCOPE = 50

console.log(
  `ready ${JSON.stringify({ version: engineInfo().version, operations: Object.keys(operations) })}`,
)
for await (const line of createInterface({ input: process.stdin })) {
  const [name, count] = line.split(' ')
  const operation = operations[name]
  const start = performance.now()
  for (let done = 0; done < Number(count); done += SCOPE)
    tidy(() => {
      for (let i = 0; i < SCOPE; i++) operation()
    })
  console.log((performance.now() - start) / 1000)
}
