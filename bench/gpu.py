"""Checks and measures the engine on one CUDA device, in less than three minutes.

    python bench/gpu.py                       # on a card
    python bench/gpu.py --toy --device cpu    # the same code at toy scale

Prints a short table at the end and writes every figure to ``$OUT/gpu.json`` (``--out``). Every part has a
time limit and fails alone. Full-size v2 with random weights: speed does not depend on what was learnt.
"""

import argparse
import os
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

import torch
from gpu_checks import correctness, half_precision
from gpu_kernels import profiles, tiles
from gpu_setup import STARTED, Bench
from gpu_speed import ceilings, decode, end_to_end, other_ways, synthesis


def main() -> int:
    """Run all parts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--toy", action="store_true", help="tiny models and batches")
    parser.add_argument("--limit", type=float, default=165.0, help="seconds for everything")
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("OUT", "runs/bench")))
    bench = Bench(parser.parse_args())
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    name = torch.cuda.get_device_name() if bench.is_cuda else "CPU"
    bench.figures["device"] = {"name": name, "torch": torch.__version__, "cuda": torch.version.cuda}
    bench.row(f"{name}, torch {torch.__version__}")
    bench.part("ceilings", 15, ceilings)
    bench.part("decode", 45, decode)
    bench.part("synthesis", 40, synthesis)
    bench.part("end to end", 40, end_to_end)
    bench.part("correctness", 50, correctness)
    bench.part("half precision", 30, half_precision)
    bench.part("profiles", 15, profiles)
    bench.part("other ways", 30, other_ways)
    bench.part("tiles", 30, tiles)
    print("\n=== summary ===")
    print("\n".join(bench.table))
    failed = [name for name, figures in bench.figures["parts"].items() if "error" in figures]
    print(f"took {time.perf_counter() - STARTED:.0f} s" + (f"; failed: {failed}" if failed else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
