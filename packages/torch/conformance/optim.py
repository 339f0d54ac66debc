"""Writes optim.json: where optimizers and schedules of PyTorch take the same parameters.

    python3 packages/torch/conformance/optim.py    (PyTorch 1.13)

Optimizers that PyTorch does not have (NAdamW, LAMB, Lookahead, SAM) are written here one number at a
time from their formulas. src/optim/conformance.test.ts makes the same starts and gradients.
"""

import json
import math
import warnings
from pathlib import Path

import torch
from torch.optim import lr_scheduler

SHAPES = [[3], [2, 2], []]
STEPS = 12
RECORDED = [1, 4, 12]


def numel(shape):
    return math.prod(shape)


def start(k, i):
    return math.cos(1.7 * k + i) + 0.2


def gradient(k, i, t):
    return math.sin(3 * t + 1.3 * k + i) + 0.1 * i


def has_gradient(k, t):
    """The last parameter has none at every third step, the first included."""
    return not (k == 2 and t % 3 == 0)


def starts():
    return [[start(k, i) for i in range(numel(s))] for k, s in enumerate(SHAPES)]


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)


def run_torch(cls, options, groups):
    """`groups`: options of a group for each parameter, or None for one group of all."""
    params = [
        torch.tensor(values, dtype=torch.float64).reshape(shape).requires_grad_()
        for values, shape in zip(starts(), SHAPES)
    ]
    given = params if groups is None else [{"params": [p], **g} for p, g in zip(params, groups)]
    optimizer = cls(given, **options)
    after = {}
    for t in range(STEPS):
        for k, p in enumerate(params):
            values = [gradient(k, i, t) for i in range(p.numel())]
            grad = torch.tensor(values, dtype=torch.float64).reshape(p.shape)
            p.grad = grad if has_gradient(k, t) else None
        optimizer.step()
        if t + 1 in RECORDED:
            after[t + 1] = [p.detach().reshape(-1).tolist() for p in params]
    return after


def run_formula(update, before_step=None, after_step=None):
    """`update(weights, gradients, state, shared)` steps one parameter, lists of numbers, in place."""
    params = starts()
    states = [{"step": 0} for _ in params]
    after = {}
    for t in range(STEPS):
        grads = [
            [gradient(k, i, t) for i in range(len(p))] if has_gradient(k, t) else None
            for k, p in enumerate(params)
        ]
        shared = before_step(grads) if before_step else None
        for p, g, state in zip(params, grads, states):
            if g is not None:
                state["step"] += 1
                update(p, g, state, shared)
        if after_step:
            after_step(params, t)
        if t + 1 in RECORDED:
            after[t + 1] = [list(p) for p in params]
    return after


def moments(g, state, beta1, beta2, weight):
    m = state.setdefault("m", [0.0] * len(g))
    v = state.setdefault("v", [0.0] * len(g))
    for i, x in enumerate(g):
        m[i] = beta1 * m[i] + weight * x
        v[i] = beta2 * v[i] + (1 - beta2) * x * x
    return m, v


def nadamw(lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, caution=False):
    beta1, beta2 = betas

    def update(p, g, state, _):
        m, v = moments(g, state, beta1, beta2, 1 - beta1)
        c1, c2 = 1 - beta1 ** state["step"], 1 - beta2 ** state["step"]
        ahead = [beta1 * a + (1 - beta1) * x for a, x in zip(m, g)]
        if caution:
            mask = [1.0 if a * x > 0 else 0.0 for a, x in zip(ahead, g)]
            mean = max(sum(mask) / len(mask), 1e-3)
            ahead = [a * b / mean for a, b in zip(ahead, mask)]
        for i in range(len(p)):
            p[i] *= 1 - lr * weight_decay
            p[i] -= lr / c1 * ahead[i] / (math.sqrt(v[i]) / math.sqrt(c2) + eps)

    return run_formula(update)


def lamb(lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01, bias_correction=True,
         grad_averaging=True, max_grad_norm=1.0, trust_clip=False, always_adapt=False):
    beta1, beta2 = betas

    def norm(xs):
        return math.sqrt(sum(x * x for x in xs))

    def before(grads):
        if max_grad_norm is None:
            return 1.0
        return max(norm(x for g in grads if g is not None for x in g) / max_grad_norm, 1.0)

    def update(p, g, state, divisor):
        g = [x / divisor for x in g]
        m, v = moments(g, state, beta1, beta2, 1 - beta1 if grad_averaging else 1.0)
        c1 = 1 - beta1 ** state["step"] if bias_correction else 1.0
        c2 = 1 - beta2 ** state["step"] if bias_correction else 1.0
        u = [a / c1 / (math.sqrt(b) / math.sqrt(c2) + eps) for a, b in zip(m, v)]
        u = [x + weight_decay * w for x, w in zip(u, p)]
        ratio = 1.0
        if weight_decay != 0 or always_adapt:
            ratio = norm(p) / norm(u) if norm(p) > 0 and norm(u) > 0 else 1.0
            if trust_clip:
                ratio = min(ratio, 1.0)
        for i in range(len(p)):
            p[i] -= lr * ratio * u[i]

    return run_formula(update, before)


def sgd_update(lr, momentum):
    def update(p, g, state, _):
        v = state.get("v")
        state["v"] = list(g) if v is None else [momentum * a + x for a, x in zip(v, g)]
        for i, x in enumerate(state["v"]):
            p[i] -= lr * x

    return update


def lookahead(lr, momentum, k, alpha):
    slow = starts()

    def after(params, t):
        if (t + 1) % k != 0:
            return
        for s, p in zip(slow, params):
            for i in range(len(p)):
                s[i] += alpha * (p[i] - s[i])
                p[i] = s[i]

    return run_formula(sgd_update(lr, momentum), after_step=after)


def sam(lr, momentum, rho):
    """On the loss sum(w^4 / 4 - cos w), whose gradient is w^3 + sin w."""

    def slope(params):
        return [[w**3 + math.sin(w) for w in p] for p in params]

    params, states, after = starts(), [{} for _ in SHAPES], {}
    update = sgd_update(lr, momentum)
    for t in range(STEPS):
        g = slope(params)
        scale = rho / (math.sqrt(sum(x * x for row in g for x in row)) + 1e-12)
        up = slope([[w + scale * x for w, x in zip(p, row)] for p, row in zip(params, g)])
        for p, row, state in zip(params, up, states):
            update(p, row, state, None)
        if t + 1 in RECORDED:
            after[t + 1] = [list(p) for p in params]
    return after


def optimizers():
    sgd, adam, adamw, rms = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop
    groups = [{}, {"lr": 0.3, "weight_decay": 0.0}, {"lr": 0.01}]
    cases = [
        (sgd, {"lr": 0.1}, None),
        (sgd, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}, None),
        (sgd, {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}, None),
        (sgd, {"lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4, "nesterov": True}, groups),
        (adam, {}, None),
        (adam, {"lr": 0.1, "weight_decay": 0.1}, None),
        (adam, {"lr": 0.1, "amsgrad": True, "betas": [0.8, 0.5]}, None),
        (adam, {"lr": 0.1, "eps": 0.1}, groups),
        (adamw, {"lr": 0.1}, None),
        (adamw, {"lr": 0.1, "weight_decay": 0.3, "amsgrad": True, "betas": [0.8, 0.5]}, None),
        (adamw, {"lr": 0.1}, groups),
        (rms, {}, None),
        (rms, {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1, "alpha": 0.9}, None),
        (rms, {"lr": 0.05, "centered": True, "eps": 1e-3}, None),
        (rms, {"lr": 0.05, "centered": True, "momentum": 0.9}, groups),
        (sgd, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01, "maximize": True}, None),
        (adam, {"lr": 0.1, "weight_decay": 0.1, "maximize": True}, None),
        (adamw, {"lr": 0.1, "maximize": True}, [{}, {"maximize": False}, {"lr": 0.01}]),
        (rms, {"lr": 0.05, "weight_decay": 0.1, "maximize": True}, None),
    ]
    for cls, options, given in cases:
        yield cls.__name__, options, given, run_torch(cls, options, given)
    formulas = [
        ("NAdamW", nadamw, [{}, {"lr": 0.1, "weight_decay": 0.3}, {"lr": 0.1, "caution": True},
                            {"lr": 0.1, "betas": [0.7, 0.9], "eps": 0.01}]),
        ("LAMB", lamb, [{}, {"lr": 0.1, "max_grad_norm": None}, {"lr": 0.1, "weight_decay": 0.0},
                        {"lr": 0.1, "weight_decay": 0.0, "always_adapt": True, "trust_clip": True},
                        {"lr": 0.1, "bias_correction": False, "grad_averaging": False}]),
        ("Lookahead", lookahead, [{"lr": 0.1, "momentum": 0.9, "k": 5, "alpha": 0.5},
                                  {"lr": 0.1, "momentum": 0.0, "k": 1, "alpha": 0.8}]),
        ("SAM", sam, [{"lr": 0.05, "momentum": 0.9, "rho": 0.05},
                      {"lr": 0.05, "momentum": 0.0, "rho": 0.5}]),
    ]
    for name, function, variants in formulas:
        for options in variants:
            yield name, options, None, function(**options)


def schedule(make, steps=30):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.4)
    scheduler = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        scheduler.step()
    return rates


def schedules():
    return {
        "stepDecay": schedule(lambda o: lr_scheduler.StepLR(o, 7, gamma=0.3)),
        "multiStep": schedule(lambda o: lr_scheduler.MultiStepLR(o, [5, 20], gamma=0.2)),
        "polynomial": schedule(lambda o: lr_scheduler.PolynomialLR(o, 25, power=2.0)),
        "cosine": schedule(lambda o: lr_scheduler.CosineAnnealingLR(o, 40, eta_min=0.1)),
        "linear": schedule(lambda o: lr_scheduler.LinearLR(o, 1.0, 0.25, 20)),
        "withWarmup": schedule(lambda o: lr_scheduler.LinearLR(o, 0.1, 1.0, 8)),
    }


METRICS = [5, 4, 4.1, 3.99999, 4.2, 4.3, 4.1, 3, 3.1, 3.2, 3.3, 3.4, 2.9999, 2, 2, 2, 2, 2, 2, 2, 2, 1]


def plateaus():
    cases = [
        {"patience": 1},
        {"patience": 2, "factor": 0.5, "cooldown": 2},
        {"patience": 0, "threshold": 0.5, "threshold_mode": "abs", "min_lr": 0.01},
        {"patience": 1, "mode": "max", "factor": 0.7},
        {"patience": 1, "mode": "max", "threshold": 1.0, "threshold_mode": "abs", "factor": 0.9},
    ]
    for options in cases:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.4)
        scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, **options)
        rates = []
        for metric in METRICS:
            scheduler.step(metric)
            rates.append(optimizer.param_groups[0]["lr"])
        yield {"options": {camel(k): v for k, v in options.items()}, "rates": rates}


def camel_keys(options):
    return {camel(key): value for key, value in options.items()}


def main():
    warnings.simplefilter("ignore")
    cases = [
        {
            "optimizer": name,
            "options": camel_keys(options),
            "groups": groups and [camel_keys(group) for group in groups],
            "after": after,
        }
        for name, options, groups, after in optimizers()
    ]
    data = {
        "torch": torch.__version__,
        "optimizers": cases,
        "schedules": schedules(),
        "metrics": METRICS,
        "plateaus": list(plateaus()),
    }
    path = Path(__file__).with_name("optim.json")
    path.write_text(json.dumps(data, separators=(",", ":")).replace('{"optimizer"', '\n{"optimizer"') + "\n")


main()
