# The batch-norm ResNet-20 of `packages/normfree/src/models/cifar-resnet.ts` in plain PyTorch, with the
# same layout, loss and optimizer: the peer of bench/resnet20.mjs. Speaks the protocol of bench/peer.mjs.
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = nn.Sequential(nn.AvgPool2d(1, stride), nn.BatchNorm2d(inputs)) if stride > 1 else None

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.downsample is not None:
            x = self.downsample(x)
            x = torch.cat([x, torch.zeros_like(x)], 1)
        return F.relu(y + x)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
        self.layers = nn.Sequential(*[Block(a, b, 2 if a != b else 1) for a, b in zip(widths, widths[1:])])
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        return self.fc(self.layers(F.relu(self.bn1(self.conv1(x)))).mean([2, 3]))


threads, batch, precision = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(threads)
torch.manual_seed(0)
model = ResNet20().to(memory_format=torch.channels_last)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4, foreach=True)
images = torch.randn(batch, 3, 32, 32).to(memory_format=torch.channels_last)
labels = torch.arange(batch) % 10


def step():
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
        loss = F.cross_entropy(model(images).float(), labels, label_smoothing=0.1)
    loss.backward()
    optimizer.step()
    return loss.item()


print("ready", json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    for _ in range(int(line)):
        step()
    print(time.perf_counter() - start, flush=True)
