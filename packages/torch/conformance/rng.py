"""Writes rng.json: what PyTorch draws for given seeds.

    python3 packages/torch/conformance/rng.py    (PyTorch 1.13)
"""

import json
from pathlib import Path

import torch


def draws(generator):
    """In this order from one stream; src/random.test.ts draws the same."""
    given = {"generator": generator}
    return {
        "rand": torch.rand(5, **given).tolist(),
        "randn": torch.randn(5, **given).tolist(),
        "randn20": torch.randn(4, 5, **given).tolist(),
        "randn64": torch.randn(3, dtype=torch.float64, **given).tolist(),
        "randint": torch.randint(0, 100, (6,), **given).tolist(),
        "randperm": torch.randperm(12, **given).tolist(),
        "bernoulli": torch.bernoulli(torch.full((10,), 0.3), **given).tolist(),
        "multinomial": torch.multinomial(torch.arange(1.0, 6.0), 8, True, **given).tolist(),
        "normal_": torch.empty(3).normal_(2, 3, **given).tolist(),
        "uniform_": torch.empty(3).uniform_(-1, 1, **given).tolist(),
        "exponential_": torch.empty(3).exponential_(2, **given).tolist(),
    }


def main():
    data = {"torch": torch.__version__, "seeds": {}, "dropout": {}}
    for seed in [0, 42, 2**53 - 1]:
        data["seeds"][seed] = draws(torch.Generator().manual_seed(seed))
        torch.manual_seed(seed)
        data["dropout"][seed] = torch.nn.functional.dropout(torch.ones(40), 0.4).tolist()
    data["unseeded"] = draws(torch.Generator())
    Path(__file__).with_name("rng.json").write_text(json.dumps(data) + "\n")


main()
