// `node scripts/gallery.mjs`: draws the pictures of docs/gallery.md, each by the command that stands
// under it, and writes the page.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

/**
 * @typedef {object} Picture
 * @property {string} id its file in docs/images
 * @property {string} title
 * @property {string} args of `normfree`, without the file
 * @property {string} reading what there is to see
 */

const SIZE = '--resolution 224 --batch 4 --draws 3'

/** @type {readonly Picture[]} */
const PICTURES = [
  {
    id: 'signal',
    title: 'Batch norm and none, on 32 px nets',
    args: 'spp resnet20 nf_resnet20',
    reading:
      'The variance of the batch-normalized net grows along a stage and is reset where the next begins. The normalizer-free one does what is expected of it (dashed).',
  },
  {
    id: 'preactivation',
    title: 'The nets of the NF-ResNets paper',
    args: `spp resnetv2_50 dm_nf_resnet50 ${SIZE}`,
    reading:
      'Batch norm holds every branch at one variance, so that the sum grows by it in each block, and its mean grows with it. Scaled Weight Standardization does as much without looking at the batch, and leaves no mean.',
  },
  {
    id: 'explosion',
    title: 'Norms taken out, and nothing put in',
    args: `spp resnetv2_50_nonorm skipinit_resnet50 rescale50 ${SIZE}`,
    reading:
      'Without norms the variance multiplies from block to block, a straight line on this axis. The kernels of SkipInit, drawn here with its scalars at 1, start smaller, and its branches fade instead. RescaleNet weighs branch and shortcut so that the sum stays where it was, but for the pools between stages.',
  },
  {
    id: 'pools',
    title: 'Pooling takes variance from noise',
    args: `spp nf_regnet_b0 dm_nfnet_f0 ${SIZE}`,
    reading:
      'An average over 2 x 2 positions quarters the variance of white noise, hence a step down at each transition, away from the plan (dotted), and expected from the operators (dashed). Images are smooth: they lose far less, which is why the authors leave it so.',
  },
  {
    id: 'images',
    title: 'Images in place of noise',
    args: 'spp resnet20 nf_resnet20 --data synthetic --batch 64 --draws 3',
    reading: 'Other levels, the same shapes: growth within a stage, a reset between stages.',
  },
  {
    id: 'statistics',
    title: 'What else can be asked',
    args: `spp nf_resnet26 resnet26 ${SIZE} --statistics deadFraction,contribution,channelCorrelation,gradientVariance`,
    reading:
      'Channels that are 0 for every image, the share that each block adds to what it puts out, how alike its channels are, and the variance of the gradient that comes back to it.',
  },
]

/** @param {Picture} picture */
function draw({ id, args }) {
  const file = `docs/images/${id}.svg`
  const command = [...args.split(' '), '--svg', file]
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(root, 'packages/cli/bin/normfree.mjs'), ...command],
    {
      cwd: root,
      encoding: 'utf8',
    },
  )
  if (status !== 0) {
    process.stderr.write(stderr)
    process.exit(1)
  }
  console.log(`drawn: ${file}`)
}

/** @param {Picture} picture */
const section = ({ id, title, args, reading }) => `## ${title}

![${title}](images/${id}.svg)

${reading}

\`\`\`
npx normfree ${args} --svg
\`\`\`
`

for (const picture of PICTURES) draw(picture)
writeFileSync(
  join(root, 'docs/gallery.md'),
  `# Gallery

Made by \`node scripts/gallery.mjs\`, which runs the command under each picture. Black dots end a stage, a
shade is what the draws of the weights spread over, dashes are what [prediction](signal.md) expects of the
architecture. The papers' own figures, drawn again with a verdict each, are in
[results/reproduction.md](../results/reproduction.md).

${PICTURES.map(section).join('\n')}`,
)
