# The peer of bench/memory-nfresnet50.mjs: timm's model in PyTorch eager.
import json
import resource
import sys

import timm
import torch
from torch.nn import functional as F

threads, steps = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
torch.manual_seed(0)
model = timm.create_model("nf_resnet50").train()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True, foreach=True)
images = torch.randn(8, 3, 224, 224)
labels = torch.arange(8)

for _ in range(steps):
    optimizer.zero_grad(set_to_none=True)
    F.cross_entropy(model(images), labels).backward()
    optimizer.step()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"version": torch.__version__, "timm": timm.__version__, "peakMB": round(peak / 1e6)}))
