"""Golden values of timm's models, for `npm run goldens`: python make.py NAME SIDE > NAME.json

Needs torch and timm. Weights and images are those of src/goldens/fill.ts, so that no weight file is
needed. SIDE is that of the images in pixels; 0 leaves the run out and writes names and shapes alone.
"""

import json
import math
import sys

import numpy as np
import timm
import torch
from timm.utils.agc import adaptive_clip_grad

INPUT_STREAM = 1_000_003
BLOCKS = {
    *("NormFreeBlock", "BasicBlock", "Bottleneck", "PreActBasic", "PreActBottleneck"),
    *("DepthwiseSeparableConv", "InvertedResidual"),
}


def scattered(length, p):
    """`length` numbers in [-1, 1): hashes of the tensor's index p and the element's index."""
    x = np.arange(length, dtype=np.uint32)
    with np.errstate(over="ignore"):
        x *= np.uint32(0x9E3779B1)
        x += np.uint32((p * 0x85EBCA77 + 0xC2B2AE3D) % 2**32)
        x ^= x >> np.uint32(15)
        x *= np.uint32(0x2C1B3C6D)
        x ^= x >> np.uint32(12)
        x *= np.uint32(0x297A2D39)
        x ^= x >> np.uint32(15)
    return 2 * (x.astype(np.float64) / 2**32) - 1


def filling(name, shape, p):
    if not shape:
        return np.float32(0.5)
    s = scattered(math.prod(shape), p).reshape(shape)
    if name.endswith("gain"):
        values = 1 + 0.1 * s
    elif len(shape) > 1:
        values = s * math.sqrt(3) / math.sqrt(math.prod(shape[1:]))
    else:
        values = 1 + 0.1 * s if name.endswith("weight") else 0.1 * s
    return values.astype(np.float32)


def statistics(name, output):
    x = output.detach().double()
    mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
    return {
        "block": name,
        "channelSquaredMean": mean.square().mean().item(),
        "channelVariance": variance.mean().item(),
    }


def forward_with_blocks(model, images):
    blocks, hooks = [], []
    for name, module in model.named_modules():
        if type(module).__name__ in BLOCKS:
            hook = lambda _, __, output, name=name: blocks.append(statistics(name, output))
            hooks.append(module.register_forward_hook(hook))
    logits = model(images)
    for hook in hooks:
        hook.remove()
    return logits, blocks


def norm(parameters):
    return math.sqrt(sum(p.grad.double().square().sum().item() for p in parameters))


def fill(model):
    with torch.no_grad():
        for p, (name, parameter) in enumerate(model.named_parameters()):
            values = filling(name, tuple(parameter.shape), p)
            parameter.copy_(torch.from_numpy(np.asarray(values)))


def run(model, side, batch=2, change=lambda images: images):
    named = list(model.named_parameters())
    pixels = scattered(batch * 3 * side * side, INPUT_STREAM) * math.sqrt(3)
    images = change(torch.from_numpy(pixels.astype(np.float32).reshape(batch, 3, side, side)))
    labels = torch.tensor([7 * i % 10 for i in range(batch)])
    criterion = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    parameters = [parameter for _, parameter in named]
    logits, blocks = forward_with_blocks(model.train(), images)
    loss = criterion(logits, labels)
    loss.backward()
    before = {
        "batch": batch,
        "resolution": side,
        "logits": [row[:10].tolist() for row in logits],
        "logitsNorm": logits.norm().item(),
        "loss": loss.item(),
        "gradNorm": {name: norm([parameter]) for name, parameter in named},
        "gradNormTotal": norm(parameters),
    }
    adaptive_clip_grad(parameters)
    clipped = norm(parameters)
    torch.optim.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-5).step()
    with torch.no_grad():
        logits = model(images)
    return {
        **before,
        "gradNormAfterAGC": clipped,
        "lossAfterStep": criterion(logits, labels).item(),
        "logitsNormAfterStep": logits.norm().item(),
        "blocks": blocks,
    }


def golden(name, side):
    model = timm.create_model(name)
    fill(model)
    named = list(model.named_parameters())
    values = {
        "model": name,
        "source": f"timm {timm.__version__}, torch {torch.__version__}",
        "params": sum(parameter.numel() for _, parameter in named),
        "stateDict": [[key, list(value.shape)] for key, value in model.state_dict().items()],
        "parameters": [key for key, _ in named],
    }
    return {**values, "run": run(model, side)} if side else values


def rounded(value):
    """Nine digits: more than float32 has."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    return [rounded(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    torch.set_num_threads(1)
    json.dump(rounded(golden(sys.argv[1], int(sys.argv[2]))), sys.stdout, separators=(",", ":"))
    print()
