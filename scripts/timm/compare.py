"""Holds our models to an installed timm: python scripts/timm/compare.py [NAME...]

Needs torch, timm and safetensors, and `npm run setup` before. Without names it takes every model that
both have. timm's model gets random weights, which are saved as safetensors and loaded into ours by
`loadPretrained`; names and shapes of the state dict, their order, and the logits of both in evaluation
mode are compared; of the NFNets beyond F1, unless they are named, names, shapes and order alone. Prints
a row of a Markdown table for each and exits with 1 when one differs.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import timm
import torch
from safetensors.torch import save_file

BATCH = 2
SIDE = 75
"""Odd, so that no padding and no pooling comes out even. VGG's classifier wants 7 x 7 positions."""
VGG_SIDE = 224
TOLERANCE = 1e-4
LATER = re.compile(r"nfnet_f[2-9]")


def randomize(model, generator):
    """Moves what timm starts at 0 or 1 (gains, SkipInit scalars, norms, biases), so that it counts."""

    def moved(value, spread):
        return value + spread * torch.randn(value.shape, generator=generator)

    for name, value in model.state_dict().items():
        if name.endswith("running_var"):
            value.copy_(0.5 + torch.rand(value.shape, generator=generator))
        elif name.endswith("skipinit_gain"):
            value.fill_(0.5)
        elif name.endswith("gain"):
            value.copy_(moved(torch.ones_like(value), 0.1))
        elif value.is_floating_point() and value.dim() == 1:
            start = torch.ones_like(value) if name.endswith("weight") else torch.zeros_like(value)
            value.copy_(moved(start, 0.1))


def outline(name):
    """Names and shapes; no weight is drawn."""
    with torch.device("meta"):
        model = timm.create_model(name, pretrained=False)
    return [[key, list(value.shape)] for key, value in model.state_dict().items()], None


@torch.no_grad()
def reference(name, folder):
    """Writes weights and images; returns names and shapes, and the logits."""
    torch.manual_seed(0)
    model = timm.create_model(name, pretrained=False).eval()
    generator = torch.Generator().manual_seed(1)
    randomize(model, generator)
    side = VGG_SIDE if name.startswith("vgg") else SIDE
    images = torch.randn(BATCH, 3, side, side, generator=generator)
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(state, folder / "weights.safetensors")
    save_file({"images": images}, folder / "images.safetensors")
    return [[key, list(value.shape)] for key, value in state.items()], model(images).flatten()


def difference(expected, actual):
    """The worst error, relative to the largest logit, and what differs, if anything."""
    if "error" in actual:
        return None, actual["error"]
    names, logits = expected
    for theirs, ours in zip(names, actual["stateDict"]):
        if theirs != ours:
            return None, f"{ours} where timm has {theirs}"
    if len(names) != len(actual["stateDict"]):
        return None, f"{len(actual['stateDict'])} entries where timm has {len(names)}"
    if logits is None:
        return None, ""
    ours = torch.tensor(actual["logits"])
    if ours.shape != logits.shape:
        return None, f"{len(ours)} logits where timm has {len(logits)}"
    error = ((ours - logits).abs().max() / logits.abs().max()).item()
    return error, "" if error <= TOLERANCE else f"more than {TOLERANCE} off"


def main(chosen):
    torch.set_num_threads(1)
    node = subprocess.Popen(
        ["node", str(Path(__file__).with_name("logits.mjs"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    known = json.loads(node.stdout.readline())
    unknown = [name for name in chosen if name not in known or not timm.is_model(name)]
    if unknown:
        sys.exit(f"Expected names that timm and normfree have but received {', '.join(unknown)}.")
    names = chosen or [name for name in known if timm.is_model(name)]
    print(f"timm {timm.__version__}, torch {torch.__version__}\n")
    print("| model | names and shapes | logits | |\n|---|---|---:|---|")
    failed = 0
    for name in names:
        named_only = not chosen and LATER.search(name)
        with tempfile.TemporaryDirectory() as folder:
            expected = outline(name) if named_only else reference(name, Path(folder))
            request = {"name": name, "folder": None if named_only else folder}
            node.stdin.write(json.dumps(request) + "\n")
            node.stdin.flush()
            actual = json.loads(node.stdout.readline())
        error, fault = difference(expected, actual)
        entries = "" if fault and error is None else f"{len(expected[0])} equal"
        print(f"| {name} | {entries} | {'' if error is None else f'{error:.1e}'} | {fault} |", flush=True)
        failed += bool(fault)
    node.stdin.close()
    node.wait()
    print(f"\n{len(names) - failed} equal, {failed} differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
