# Writes public/<version>.json: the names of functions and methods that PyTorch shows its users.
#   /usr/bin/python3 packages/torch/codegen/public-names.py   and once with a current PyTorch
import json
import pathlib
import types

import torch


def functions(module):
    return sorted(
        name
        for name in dir(module)
        if not name.startswith("_") and isinstance(getattr(module, name), types.BuiltinFunctionType)
    )


names = {
    "torch": sorted(set(functions(torch)) | {n for n in torch.functional.__all__}),
    "Tensor": sorted(name for name in dir(torch.Tensor) if not name.startswith("_")),
    "linalg": functions(torch.linalg),
    "special": functions(torch.special),
    "fft": functions(torch.fft),
}
version = ".".join(torch.__version__.split(".")[:2])
path = pathlib.Path(__file__).parent / "public" / f"{version}.json"
path.parent.mkdir(exist_ok=True)
rows = (f"  {json.dumps(space)}: {json.dumps(list_)}" for space, list_ in names.items())
path.write_text("{\n" + ",\n".join(rows) + "\n}\n")
