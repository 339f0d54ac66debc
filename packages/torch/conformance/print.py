# Writes print.json: tensors and the text that PyTorch prints for them.
#   /usr/bin/python3 packages/torch/conformance/print.py
import json
import pathlib

import torch

CASES = [
    ("integers of float32", "float32", [3], [1, 2, 3]),
    ("fractions", "float32", [3], [0.1, 2.25, -3]),
    ("halves at the last digit", "float32", [4], [0.03125, 0.09375, 0.15625, 1]),
    ("a scalar", "float32", [], [3.14159]),
    ("a whole scalar", "float32", [], [2]),
    ("a scalar integer", "int64", [], [7]),
    ("negative zero", "float32", [2], [-0.0, 0.0]),
    ("zeros", "float32", [2, 2], [0, 0, 0, 0]),
    ("nan and infinities among whole numbers", "float32", [4], ["nan", "inf", "-inf", 10]),
    ("nan and infinities alone", "float32", [3], ["nan", "inf", "-inf"]),
    ("nan among fractions", "float32", [3], ["nan", 0.5, 100.25]),
    ("a wide range", "float32", [3], [1e-3, 1, 1000.5]),
    ("a wide range with nan", "float32", [3], [1e-6, "nan", "-inf"]),
    ("small numbers", "float32", [2], [1e-5, 2e-5]),
    ("large whole numbers", "float32", [2], [1e8, 2e8]),
    ("whole numbers of a wide range", "float32", [2], [1, 1001]),
    ("a ratio of a thousand exactly", "float32", [2], [1, 1000]),
    ("float64", "float64", [2], [0.1, 1e300]),
    ("float64 halves in scientific form", "float64", [3], [100005, 100015, 1]),
    ("float16", "float16", [3], [0.1, 65504, -2]),
    ("bfloat16", "bfloat16", [3], [0.1, 2, 3]),
    ("int8", "int8", [2, 2], [-128, 0, 5, 127]),
    ("uint8", "uint8", [3], [0, 7, 255]),
    ("int16", "int16", [2], [-300, 300]),
    ("int32", "int32", [2, 1, 2], [1, -20, 300, -4000]),
    ("int64", "int64", [2], [2**40, -1]),
    ("bool", "bool", [2, 2], [1, 0, 0, 1]),
    ("complex64", "complex64", [2], [1, 2, 3.5, -4]),
    ("complex64 with nan", "complex64", [2], ["nan", 2, 3, "-inf"]),
    ("complex128 in a matrix", "complex128", [2, 2], [1, -2, 0.5, 0, 0, 1e-3, -7, 8]),
    ("a complex scalar", "complex64", [], [0, -1]),
    ("an empty tensor", "float32", [0], []),
    ("an empty matrix", "float32", [2, 0], []),
    ("an empty tensor of int64", "int64", [0], []),
    ("an empty tensor of bool in three dimensions", "bool", [0, 3, 1], []),
    ("a row longer than a line", "float32", [30], None),
    ("fractions longer than a line", "float32", [24], [i / 7 for i in range(24)]),
    ("matrices", "float32", [2, 3, 4], None),
    ("four dimensions", "int64", [2, 2, 2, 2], None),
    ("1,000 elements, all of them", "int64", [1000], None),
    ("1,001 elements, the ends", "int64", [1001], None),
    ("a large matrix", "float32", [40, 50], None),
    ("a large narrow tensor", "float32", [2000, 2], None),
    ("a large flat tensor", "float32", [2, 2000], None),
    ("a large tensor of four dimensions", "int64", [8, 7, 6, 9], None),
    ("a large tensor whose middle is not shown", "float32", [2000], [0.5 if i == 1000 else i % 7 for i in range(2000)]),
    ("a large complex tensor", "complex64", [600, 2], [float(i % 100) for i in range(2400)]),
    ("a suffix that begins a line", "float64", [12], [i / 8 for i in range(12)]),
]
GRADIENT_CASES = [
    ("a leaf that wants a gradient", "float32", [2], [1, 2]),
    ("two suffixes", "float64", [2], [1, 2.5]),
]
PARAMETER_CASES = [
    ("a parameter", "float32", [2, 2], [1, 2, 3, -4.5]),
    ("a parameter of float64", "float64", [12], [i / 8 for i in range(12)]),
]


def build(dtype, shape, values):
    kind = getattr(torch, dtype)
    if values is None:
        count = 1
        for size in shape:
            count *= size
        values = range(count)
    numbers = [float(value) for value in values]
    if kind.is_complex:
        return torch.view_as_complex(torch.tensor(numbers, dtype=torch.float64).reshape(shape + [2])).to(kind)
    return torch.tensor(numbers, dtype=torch.float64).to(kind).reshape(shape)


def entry(case, requires_grad=False, parameter=False):
    name, dtype, shape, values = case
    tensor = build(dtype, shape, values)
    if requires_grad:
        tensor.requires_grad_()
    result = {"name": name, "dtype": dtype, "shape": shape}
    if values is not None:
        result["values"] = values
    if requires_grad:
        result["requiresGrad"] = True
    if parameter:
        tensor = torch.nn.Parameter(tensor)
        result["parameter"] = True
    return {**result, "text": repr(tensor)}


entries = [
    *[entry(case) for case in CASES],
    *[entry(case, requires_grad=True) for case in GRADIENT_CASES],
    *[entry(case, parameter=True) for case in PARAMETER_CASES],
]
lines = ",\n".join(json.dumps(each) for each in entries)
path = pathlib.Path(__file__).with_name("print.json")
path.write_text(f"[\n{lines}\n]\n")
