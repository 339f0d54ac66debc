"""Whether TensorBoard reads from a run's event files what its metrics.jsonl says.

Usage: python scripts/tensorboard-check.py RUN...

Needs a Python with TensorBoard (`pip install tensorboard`). For every run folder it loads the event files
with TensorBoard's own EventAccumulator, and compares each curve, step by step, with the record: no number
may be missing, doubled or different (as a 32-bit float). The exit code is 1 where one is. The bytes that
packages/runs/src/tensorboard.test.ts pins were read back by TensorBoard 2.21 in this way.
"""

import json
import struct
import sys
from pathlib import Path

from tensorboard import version
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

STEP = {
    "loss": "train/loss",
    "lr": "train/lr",
    "gradNorm": "train/grad_norm",
    "clipFraction": "train/clip_fraction",
}
EPOCH = {
    "trainLoss": "train/epoch_loss",
    "trainAccuracy": "train/accuracy",
    "testLoss": "test/loss",
    "testAccuracy": "test/accuracy",
}


def float32(value):
    """The nearest 32-bit float; None, for NaN, as text, so that it equals itself."""
    return "nan" if value is None or value != value else struct.unpack("f", struct.pack("f", value))[0]


def recorded(run):
    """The curves of metrics.jsonl: {tag: [(step, value), ...]}."""
    curves = {}
    for text in (run / "metrics.jsonl").read_text().splitlines():
        line = json.loads(text)
        names = {"step": STEP, "epoch": EPOCH}.get(line["kind"], {})
        for field, tag in names.items():
            if field in line:
                curves.setdefault(tag, []).append((line["step"], float32(line[field])))
        if line["kind"] == "signal" and line["when"] == "step":
            for tap in line["signal"]["taps"]:
                point = (line["step"], float32(tap["channelVariance"]))
                curves.setdefault(f"signal/{tap['name']}/variance", []).append(point)
    return curves


def shown(run):
    """The curves that TensorBoard has of the folder."""
    board = EventAccumulator(str(run), size_guidance={"scalars": 0})
    board.Reload()
    return {
        tag: [(point.step, float32(point.value)) for point in board.Scalars(tag)]
        for tag in board.Tags()["scalars"]
    }


def main(runs):
    failed = False
    for run in map(Path, runs):
        expected, found = recorded(run), shown(run)
        wrong = [tag for tag, points in expected.items() if found.get(tag) != points]
        points = sum(map(len, expected.values()))
        verdict = f"differ: {', '.join(wrong)}" if wrong else "equal"
        print(f"{run}: {len(expected)} curves, {points} points, TensorBoard {version.VERSION}: {verdict}")
        failed |= bool(wrong) or not expected
    return failed


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
