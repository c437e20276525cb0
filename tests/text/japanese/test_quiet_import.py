"""Reading Japanese says nothing on standard output, where programs read results."""

import subprocess
import sys

READ = """
import sys
sys.modules["onnxruntime"] = None
from gsvbatch.text.frontend import Frontend
assert Frontend().phonemize("こんにちは", "ja").phoneme_ids
"""


def test_library_that_prints_when_imported_is_kept_quiet() -> None:
    done = subprocess.run(
        [sys.executable, "-c", READ], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert done.stdout == ""
