"""How far PyTorch's own golden values move under rounding: python movement.py NAME [SIDE]

Needs torch and timm. Runs the training step of make.py on images that are scaled by a few units of
rounding, and in float64 on images with noise of 1e-7 and 1e-9; prints the worst relative change of each
aspect (as `npm run goldens` measures it), and how many ReLUs let through what they had stopped, or
stopped what they had let through.
"""

import sys

import timm
import torch

import make

UNIT = 2.0**-23


def step(name, side, dtype=torch.float32, change=lambda images: images):
    """The golden's values for changed images, and which elements each ReLU let through."""
    model = timm.create_model(name)
    make.fill(model)
    passed = []
    for module in model.modules():
        if isinstance(module, torch.nn.ReLU):
            module.register_forward_hook(lambda _, __, output: passed.append(output > 0))
    values = make.run(model.to(dtype), side, change=lambda images: change(images.to(dtype)))
    return values, passed[: len(passed) // 2]


def moved(ours, theirs, floor=0.0):
    return abs(ours - theirs) / max(abs(theirs), floor)


def movement(values, base):
    logits = zip(sum(values["logits"], []), sum(base["logits"], []))
    floor = 0.01 * base["gradNormTotal"]
    keys = ("channelSquaredMean", "channelVariance")
    return {
        "logits": max(abs(x - y) / base["logitsNorm"] for x, y in logits),
        "loss": moved(values["loss"], base["loss"]),
        "gradients": max(moved(values["gradNorm"][k], g, floor) for k, g in base["gradNorm"].items()),
        "step": moved(values["logitsNormAfterStep"], base["logitsNormAfterStep"]),
        "blocks": max(
            moved(x[key], y[key]) for x, y in zip(values["blocks"], base["blocks"]) for key in keys
        ),
    }


def row(label, one, other):
    flips = sum(int((x != y).sum()) for x, y in zip(one[1], other[1]))
    cells = [f"{value:.1e}" for value in movement(one[0], other[0]).values()]
    print(f"| {label} | {flips} | {' | '.join(cells)} |", flush=True)


def noise(size):
    generator = torch.Generator().manual_seed(0)
    return lambda images: images + size * torch.randn(
        images.shape, generator=generator, dtype=images.dtype
    )


def main(name, side=64):
    base = step(name, side)
    exact = step(name, side, torch.float64)
    relus = sum(each.numel() for each in base[1])
    print(f"{name}, {relus:,} ReLUs, timm {timm.__version__}, torch {torch.__version__}\n")
    print("| images | flips | logits | loss | gradients | step | blocks |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    row("float32 beside float64", base, exact)
    for units in (1, 2, 3, 4):
        scaled = step(name, side, change=lambda images: images * (1 + units * UNIT))
        row(f"float32, times 1 + {units} units", scaled, base)
    for size in (1e-7, 1e-9):
        row(f"float64, noise of {size:.0e}", step(name, side, torch.float64, noise(size)), exact)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1], *map(int, sys.argv[2:3]))
