"""Makes layers.json: what PyTorch's layers and functions give for inputs and parameters that anybody
can make again (fill.py), with gradients, in training and in evaluation.

    /usr/bin/python3 packages/torch/conformance/layers.py packages/torch/conformance/layers.json

Committed values are those of Debian's PyTorch 1.13. src/nn/layers-conformance.test.ts compares.
"""
import json
import sys

import torch
import torch.nn.functional as F
from fill import camel, fill, record
from layers_cases import FUNCTIONS, MODULES

SEED = 1


def materialize(value, dtype):
    """Replaces {'$tensor': [shape, kind, seed]} by the tensor, and lists by tuples, at any depth."""
    if isinstance(value, dict) and "$tensor" in value:
        shape, kind, seed = value["$tensor"]
        tensor = fill(shape, seed, kind)
        return tensor.to(dtype) if tensor.is_floating_point() else tensor
    if isinstance(value, dict):
        return {key: materialize(item, dtype) for key, item in value.items()}
    return tuple(value) if isinstance(value, list) else value


def camel_keys(value):
    if isinstance(value, dict) and "$tensor" not in value:
        return {camel(key): camel_keys(item) for key, item in value.items()}
    return value


def outputs_of(result):
    results = result if isinstance(result, (tuple, list)) else [result]
    return [item for item in results if item is not None]


def run(call, inputs, parameters):
    """Outputs, and gradients of their sum weighted by fill(shape, 99), for inputs then parameters.
    What is no tensor stands last among the inputs."""
    tensors = [x for x in inputs if isinstance(x, torch.Tensor)]
    leaves = [x.clone().requires_grad_() if x.is_floating_point() else x for x in tensors]
    outputs = outputs_of(call(*[x.clone() for x in leaves], *inputs[len(tensors):]))
    wanted = [x for x in leaves + parameters if x.requires_grad]
    assert all(output.isfinite().all() for output in outputs), "a case must have finite values"
    found = {"outputs": [record(output) for output in outputs]}
    if wanted and any(output.requires_grad for output in outputs):
        total = sum((output * fill(output.shape, 99).to(output.dtype)).sum() for output in outputs)
        grads = torch.autograd.grad(total, wanted, allow_unused=True)
        found["grads"] = [None if grad is None else record(grad) for grad in grads]
    return found


def fill_state(module):
    """Parameters of either sign, buffers (variances, weights of classes) positive."""
    buffers = dict(module.named_buffers())
    for i, (name, tensor) in enumerate(module.state_dict().items()):
        if tensor.is_floating_point():
            tensor.copy_(fill(tensor.shape, 10 + i, "positive" if name in buffers else "real"))


def initial(name, tensor):
    flat = tensor.detach().double().flatten()
    summary = [flat.sum().item(), flat[0].item(), flat[-1].item()]
    return [name, list(tensor.shape), str(tensor.dtype)[6:], *summary]


def module_case(case):
    dtype = getattr(torch, case.get("dtype", "float32"))
    options = case.get("options", {})
    torch.manual_seed(SEED)
    arguments = [materialize(item, torch.float32) for item in case["args"]]
    module = getattr(torch.nn, case["module"])(*arguments, **materialize(options, torch.float32))
    found = {"repr": repr(module)}
    found["state"] = [initial(*item) for item in module.state_dict().items()]
    fill_state(module)
    module.to(dtype)
    inputs = [materialize(item, dtype) for item in case["inputs"]]
    call = materialize(case.get("call", {}), dtype)
    parameters = list(module.parameters())
    found["runs"] = []
    for mode in case.get("modes", ["train", "eval"]):
        module.train(mode == "train")
        values = run(lambda *xs: module(*xs, **call), inputs, parameters)
        earlier = [item["values"] for item in found["runs"]]
        same = earlier.index(values) if values in earlier else None
        found["runs"].append({"mode": mode, "values": values if same is None else same})
    found["after"] = [[name, record(buffer)] for name, buffer in module.named_buffers()]
    return {**case, "options": camel_keys(options), "call": camel_keys(case.get("call", {})), **found}


def attention(query, key, value, attn_mask=None, is_causal=False, scale=None):
    """The formula of scaled_dot_product_attention, which 1.13 has no public function for."""
    scores = query @ key.transpose(-2, -1) * (scale or query.shape[-1] ** -0.5)
    mask = torch.ones_like(scores, dtype=torch.bool).tril() if is_causal else attn_mask
    if mask is not None and mask.dtype == torch.bool:
        scores = scores.masked_fill(~mask, float("-inf"))
    elif mask is not None:
        scores = scores + mask
    return scores.softmax(-1) @ value


def reverse_huber(input, target, reduction="mean", threshold=0.2):
    """Laina et al. (2016), equation 1, element by element; c is a constant for the gradient."""
    error = (input - target).abs()
    c = threshold * error.detach().max()
    losses = torch.where(error <= c, error, (error**2 + c**2) / (2 * c))
    return losses if reduction == "none" else getattr(losses, reduction)()


OURS = {"scaled_dot_product_attention": attention, "reverse_huber_loss": reverse_huber}


def function_case(case):
    function = OURS.get(case["function"]) or getattr(F, case["function"])
    options = materialize(case.get("options", {}), torch.float32)
    inputs = [materialize(item, torch.float32) for item in case["inputs"]]
    arguments = [materialize(item, torch.float32) for item in case["args"]]
    found = run(lambda *xs: function(*xs, *arguments, **options), inputs, [])
    named = {**case, "function": camel(case["function"])}
    return {**named, "options": camel_keys(case.get("options", {})), "runs": [{"values": found}]}


def main(path):
    lines = [
        json.dumps(make(case), separators=(",", ":"))
        for make, cases in ((module_case, MODULES), (function_case, FUNCTIONS))
        for case in cases
    ]
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'{{"torch":"{torch.__version__}","seed":{SEED},"cases":[\n')
        file.write(",\n".join(lines))
        file.write("\n]}\n")


if __name__ == "__main__":
    main(sys.argv[1])
