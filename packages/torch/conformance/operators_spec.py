"""How a case is written: the words that the tables operators_*.py are made of.

    op("add", x(2, 3), x(3, seed=2), alpha=2)

is `torch.add` of two floating-point tensors, run in every dtype and memory layout. A name is a
function of torch (or a method of Tensor), or is led by its namespace: "linalg.det".
Numbers that are whole must be integers: JavaScript knows no other.
"""


def tensor(shape, kind, seed):
    return {"$tensor": [list(shape), kind, seed]}


def x(*shape, seed=1):
    """In [-1, 1), in the dtype of the run."""
    return tensor(shape, "real", seed)


def within(low, high, *shape, seed=1):
    """In [low, high), in the dtype of the run."""
    return tensor(shape, f"in:{low}:{high}", seed)


def positive(*shape, seed=2):
    """In (0, 1)."""
    return tensor(shape, "positive", seed)


def z(*shape, seed=1):
    """Complex, of the precision of the run."""
    return tensor(shape, "complex", seed)


def matrix(kind, *shape, seed=1):
    """Square: "symmetric", "definite", "regular" or "lower"."""
    return tensor(shape, kind, seed)


def ints(low, high, *shape, dtype="int64", seed=3):
    return tensor(shape, f"{dtype}:{low}:{high}", seed)


def bools(*shape, seed=4):
    return tensor(shape, "bool", seed)


def listed(*values, dtype="", shape=None):
    """These values, in `dtype` or in that of the run."""
    text = ",".join(str(value) for value in values)
    return tensor(shape or [len(values)], f"{dtype}={text}", 0)


def constant(spec):
    """The same tensor, for which no gradient is taken."""
    return {"$tensor": [*spec["$tensor"], "constant"]}


def op(name, *args, _only=None, _views=True, _slopes=True, **options):
    """A case. `_only`: the outputs that are fixed, where the others are so up to a sign or an order;
    `_views=False`: the result is about the memory layout, or PyTorch refuses some layouts;
    `_slopes=False`: finite differences do not hold, for infinities or a gradient defined otherwise."""
    case = {"op": name, "args": list(args), "options": options}
    notes = {"only": _only, "views": _views and None, "slopes": _slopes and None}
    return {**case, **{key: value for key, value in notes.items() if value is not None}}


def each(names, *args, **options):
    """The same case of several operators."""
    return [op(name, *args, **options) for name in names.split()]
