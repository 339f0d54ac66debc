# The same ten calls from Python: the peer of bench/dispatch.mjs. Speaks the protocol of
# bench/peer.mjs, with lines `OPERATION N`.
import json
import sys
import time

import torch
from torch.nn import functional as F

torch.set_num_threads(1)
one, two = torch.ones(1), torch.ones(1)
a, b = torch.ones(2, 2), torch.ones(2, 2)
image, kernel = torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3)
pair = [one, two]
operations = {
    "add": lambda: one.add(two),
    "mul": lambda: one.mul(two),
    "relu": lambda: torch.relu(one),
    "matmul": lambda: a.matmul(b),
    "view": lambda: a.view([4]),
    "sum": lambda: a.sum(),
    "conv2d": lambda: F.conv2d(image, kernel),
    "cat": lambda: torch.cat(pair),
    "transpose": lambda: a.transpose(0, 1),
    "item": lambda: one.item(),
}

print("ready", json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    name, count = line.split()
    operation = operations[name]
    start = time.perf_counter()
    for _ in range(int(count)):
        operation()
    print(time.perf_counter() - start, flush=True)
