"""When two recorded results are the same: alike in kind, shape and dtype, and close in value."""
import base64

import numpy as np

# operators.test.ts says why these.
TOLERANCES = {"float64": 1e-12, "complex128": 1e-12, "float32": 1e-5, "complex64": 1e-5, "bfloat16": 0.01}

STORED = {"complex64": "<f4", "complex128": "<f8", "bool": "u1"}


def values_of(recorded):
    memory, dtype = base64.b64decode(recorded["data"]), recorded["dtype"]
    if dtype == "bfloat16":
        halves = np.frombuffer(memory, "<u2").astype("<u4") << 16
        return halves.view("<f4").astype("f8")
    return np.frombuffer(memory, STORED.get(dtype) or np.dtype(dtype).newbyteorder("<"))


def apart(a, b, by_value=True):
    """Whether two outputs or gradients, or their absence, differ."""
    if a is None or b is None or "value" in a or "value" in b:
        return a != b
    if (a["shape"], a["dtype"]) != (b["shape"], b["dtype"]):
        return True
    tolerance = TOLERANCES.get(a["dtype"], 0)
    one, two = values_of(a), values_of(b)
    return by_value and not np.allclose(two, one, tolerance, tolerance, equal_nan=True)


def differs(a, b, only):
    """Whether two results of a case differ: `only` as in operators_spec."""
    if not isinstance(a, dict) or not isinstance(b, dict):
        return a != b
    lists = [(result["outputs"], result.get("grads")) for result in (a, b)]
    (outs, grads), (other_outs, other_grads) = lists
    if len(outs) != len(other_outs):
        return True
    if any(apart(o, p, only is None or i in only) for i, (o, p) in enumerate(zip(outs, other_outs))):
        return True
    if not isinstance(grads, list) or not isinstance(other_grads, list):
        return grads != other_grads
    return any(apart(g, h) for g, h in zip(grads, other_grads))
