"""Makes operators-VERSION.json: what PyTorch's operators give, with gradients, in every dtype that a
case is about.

    cd packages/torch/conformance
    /usr/bin/python3 operators.py                            # PyTorch 1.13: operators-1.13.json
    .../python operators.py --base operators-1.13.json       # a later one: the cases that differ

With --base only those cases are written which the base's values do not fit; operators.test.ts lays
them over the base when it runs on that version of LibTorch. Cases stand in operators_*.py.
"""
import argparse
import json
import warnings

import operators_linalg
import operators_nn
import operators_pointwise
import operators_reduce
import operators_shape
import torch
from fill import camel, fill, record
from operators_compare import differs

TABLES = [operators_pointwise, operators_reduce, operators_shape, operators_linalg, operators_nn]

COMPLEX = {torch.float64: torch.complex128, torch.float32: torch.complex64}
DTYPES = {name: getattr(torch, name) for name in (
    "float64 float32 bfloat16 int64 int32 int16 uint8 bool".split())}

# Those that PyTorch gives its users as `f(*tensors)`; ours take an array.
SPREAD = {"block_diag", "broadcast_tensors", "cartesian_prod", "chain_matmul"}


def tensordot(a, b, dims_a, dims_b):
    return torch.tensordot(a, b, (dims_a, dims_b))


def index(x, indices):
    return x[tuple(slice(None) if item is None else item for item in indices)]


# Those that are composed in Python, or named otherwise, where ours is the operator beneath.
OURS = {
    "tensordot": tensordot,
    "index": index,
}


def function_of(name):
    """A function of torch or of what it imports from C++; else the method, called as a function."""
    if name in OURS:
        return OURS[name]
    if name in SPREAD:
        return lambda tensors: getattr(torch, name)(*tensors)
    *spaces, last = name.split(".")
    home = torch
    for space in spaces:
        home = getattr(home, space)
    homes = [home] if spaces else [torch, torch._C._nn, torch._VF, torch.Tensor, torch.ops.aten]
    return next(getattr(home, last) for home in homes if hasattr(home, last))


class Inputs:
    """The arguments of one run; `leaves` are the tensors that gradients are taken for."""

    def __init__(self, case, dtype, view=lambda tensor: tensor):
        self.dtype, self.view, self.leaves = dtype, view, []
        self.args = [self.make(item) for item in case["args"]]
        self.options = {key: self.make(item) for key, item in case["options"].items()}

    def make(self, item):
        if isinstance(item, dict):
            return self.tensor(*item["$tensor"])
        if isinstance(item, list):
            return [self.make(part) for part in item]
        return DTYPES.get(item, item) if isinstance(item, str) else item

    def tensor(self, shape, kind, seed, constant=None):
        value = fill(shape, seed, kind)
        if not (value.is_floating_point() or value.is_complex()):
            return self.view(value)
        value = self.view(value.to(COMPLEX[self.dtype] if value.is_complex() else self.dtype))
        if not constant:
            self.leaves.append(value.requires_grad_())
        return value


def flatten(result):
    if isinstance(result, (tuple, list)):
        return [part for item in result for part in flatten(item)]
    return [result]


def output_of(value):
    if isinstance(value, torch.Tensor):
        return record(value)
    return {"value": str(value)[6:] if isinstance(value, torch.dtype) else value}


def loss(outputs, only):
    """The sum of the differentiable outputs, weighted by fill(shape, 99)."""
    total = 0
    for i, output in enumerate(outputs):
        wanted = only is None or i in only
        if wanted and isinstance(output, torch.Tensor) and output.requires_grad:
            real = torch.view_as_real(output.resolve_conj()) if output.is_complex() else output
            total = total + (real * fill(real.shape, 99).to(real.dtype)).sum()
    return total


def gradients(outputs, leaves, only):
    """None where nothing is differentiable; "refused" where PyTorch has no derivative."""
    if not leaves or not any(isinstance(o, torch.Tensor) and o.requires_grad for o in outputs):
        return None
    try:
        total = loss(outputs, only)
        if not isinstance(total, torch.Tensor):
            return None
        found = torch.autograd.grad(total, leaves, allow_unused=True)
    except (RuntimeError, NotImplementedError):
        return "refused"
    return [None if grad is None else record(grad) for grad in found]


def run(case, dtype, view=lambda tensor: tensor):
    """Outputs and gradients, or "refused" where PyTorch does not take the dtype."""
    inputs = Inputs(case, dtype, view)
    try:
        outputs = flatten(function_of(case["op"])(*inputs.args, **inputs.options))
    except (RuntimeError, NotImplementedError):
        return "refused"
    found = {"outputs": [output_of(output) for output in outputs]}
    grads = gradients(outputs, inputs.leaves, case.get("only"))
    return {**found, "grads": grads} if grads is not None else found


def transposed(tensor):
    """The same elements in the opposite order of dimensions."""
    back = list(range(tensor.dim()))[::-1]
    return tensor.permute(back).contiguous().permute(back)


def strided(tensor):
    """The same elements, every second one of a longer memory."""
    if tensor.dim() == 0:
        return tensor
    *rest, last = tensor.shape
    gaps = torch.zeros(*rest, 2 * last + 1, dtype=tensor.dtype)
    gaps[..., 1::2] = tensor
    return gaps[..., 1::2]


def dtypes_of(case):
    """The dtypes to run in: one where no input's dtype is left open; complex ones are two."""
    kinds = kinds_in([case["args"], list(case["options"].values())])
    if not any(is_open(kind) for kind in kinds):
        return ["any"]
    return ["float64", "float32"] if "complex" in kinds else ["float64", "float32", "bfloat16"]


def kinds_in(item):
    if isinstance(item, dict):
        return [item["$tensor"][1]]
    return [kind for part in item for kind in kinds_in(part)] if isinstance(item, list) else []


def is_open(kind):
    return kind.startswith("=") or not kind.startswith(("int", "uint", "bool", "float"))


def made(case):
    """The case with its values in each dtype, after PyTorch itself gave the same for any layout."""
    results = {}
    for name in dtypes_of(case):
        dtype = DTYPES.get(name, torch.float64)
        results[name] = run(case, dtype)
        for view in (transposed, strided) if case.get("views", True) else ():
            if differs(results[name], run(case, dtype, view), case.get("only")):
                raise SystemExit(f"{case} depends on the layout ({view.__name__}, {name})")
    return {**case, "results": results}


def named(case):
    """The case under the wrapper's names."""
    *spaces, last = case["op"].split(".")
    options = {camel(key): value for key, value in case["options"].items()}
    return {**case, "op": ".".join([*spaces, camel(last)]), "options": options}


def key(case):
    return json.dumps([case["op"], case["args"], case["options"]])


def missing(case):
    try:
        function_of(case["op"])
        return False
    except (StopIteration, AttributeError):
        return True


def refused(results):
    """Whether even the first dtype is: a mistake in the tables, or a function that was given up."""
    return next(iter(results.values())) == "refused"


def first(case):
    mine = made(case)
    if refused(mine["results"]):
        raise SystemExit(f"{case} is refused")
    return mine


def later(case, base):
    """What replaces the base's values in this version; None where they fit. A case without results
    is left out there."""
    mine = None if missing(case) else made(case)
    if mine is None or refused(mine["results"]):
        return {**case, "results": {}}
    same = all(
        not differs(base["results"].get(name), mine["results"][name], case.get("only"))
        for name in mine["results"]
    )
    return None if same else mine


def read(path):
    with open(path, encoding="utf-8") as file:
        found = json.load(file)
    if found["torch"] == torch.__version__:
        raise SystemExit(f"Expected a base of another version but received one of {torch.__version__}.")
    return {key(case): case for case in found["cases"]}


def write(path, cases):
    lines = [json.dumps(case, separators=(",", ":")) for case in cases]
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'{{"torch":"{torch.__version__}","cases":[\n')
        file.write(",\n".join(lines))
        file.write("\n]}\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", help="the file of the oldest version, to write only what differs")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    version = ".".join(torch.__version__.split(".")[:2]).removesuffix("a0")
    cases = [case for table in TABLES for case in table.CASES]
    assert len(cases) == len({key(named(case)) for case in cases}), "a case stands there twice"
    if options.base is None:
        found = [named(first(case)) for case in cases]
    else:
        base = read(options.base)
        found = [later(case, base[key(named(case))]) for case in cases]
        found = [named(case) for case in found if case]
    write(f"operators-{version}.json", found)
    print(f"{len(found)} cases of {len({case['op'] for case in found})} operators")


if __name__ == "__main__":
    main()
