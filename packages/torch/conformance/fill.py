"""Inputs that anybody can make again without a random stream, and how values are written down.

src/conformance/fill.test.util.ts makes the same inputs and reads the same records.
"""
import base64

import numpy as np
import torch


def raw_fill(shape, seed):
    """Integers in [0, 2048) that look arbitrary; two neighbours never agree."""
    index = np.arange(int(np.prod(shape)), dtype=np.int64) * 7919 + seed * 104729
    return index.reshape(shape)


def real_fill(shape, seed):
    return (raw_fill(shape, seed) % 2048) / 1024 - 1


def mirrored(values):
    """A symmetric matrix; halves of multiples of 1/1024 are exact."""
    return (values + values.swapaxes(-1, -2)) / 2


def matrix_fill(shape, seed, kind):
    """Square matrices, batched: "symmetric", "definite", "regular" or "lower" (triangular)."""
    values = real_fill(shape, seed)
    eye = np.eye(shape[-1])
    if kind == "symmetric":
        return mirrored(values)
    if kind == "definite":
        return mirrored(values) + shape[-1] * eye
    if kind == "regular":
        return values + shape[-1] * eye
    return np.tril(values) + 2 * eye


MATRICES = ("symmetric", "definite", "regular", "lower")


def listed_fill(text, shape):
    """`int64=2,0,1`: a dtype and the values; plain `=` gives them in the dtype of the case."""
    dtype, values = text.split("=")
    kind = getattr(torch, dtype or "float64")
    parse = int if not kind.is_floating_point else float
    return torch.tensor([parse(value) for value in values.split(",")], dtype=kind).reshape(shape)


def fill(shape, seed, kind="real"):
    """Values of [-1, 1) ("real"), (0, 1) ("positive"), [lo, hi) ("in:lo:hi"), of `matrix_fill`, or
    complex: in float64. Integers below n ("int:n"), of a dtype ("int32:lo:hi"), "bool": in theirs."""
    if "=" in kind:
        return listed_fill(kind, shape)
    if kind == "complex":
        return torch.complex(fill(shape, seed), fill(shape, seed + 50))
    if kind in MATRICES:
        return torch.from_numpy(matrix_fill(shape, seed, kind))
    name, *bounds = kind.split(":")
    if name.startswith(("int", "uint")):
        low, high = (0, int(bounds[0])) if name == "int" else (int(bounds[0]), int(bounds[1]))
        dtype = getattr(torch, "int64" if name == "int" else name)
        return torch.from_numpy(np.asarray(low + raw_fill(shape, seed) % (high - low))).to(dtype)
    raw = real_fill(shape, seed)
    if kind == "bool":
        return torch.from_numpy(np.asarray(raw > 0.4))
    if name == "in":
        low, high = map(float, bounds)
        raw = low + (high - low) * ((raw + 1) / 2)
    return torch.from_numpy(np.asarray(0.5 + 0.49 * raw if kind == "positive" else raw))


def record(tensor):
    """Shape, dtype and the memory of the elements, row-major and little-endian, in base64."""
    # A copy, because a zero of autograd's own has no memory, of which numpy() shows somebody else's.
    plain = tensor.detach().resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)
    if plain.dtype == torch.bfloat16:
        plain = plain.view(torch.int16)
    array = plain.numpy()
    data = base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()
    return {"shape": list(tensor.shape), "dtype": str(tensor.dtype)[6:], "data": data}


def camel(name):
    """`scale_factor` -> `scaleFactor`, as the wrappers are named; a `_` at the end stays."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)
