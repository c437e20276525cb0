"""Pack CMUdict into the file that `gsvbatch.text.english.dictionary` reads.

    python tools/pack_cmudict.py CMUDICT.dict gsvbatch/text/english/data/cmudict.z

Of several pronunciations the first, CMUdict's usual one, is kept; comments are dropped. Words that
differ in use (``read``, ``record``) are told apart by the homograph rules, which carry their own readings.
"""

import argparse
import re
import zlib
from pathlib import Path

from gsvbatch.text.english.dictionary import PHONEME_CODES


def pack(text: str) -> bytes:
    """Return the compressed dictionary: sorted lines of word, tab, one code a phoneme."""
    lines = {}
    for line in text.splitlines():
        word, *phonemes = line.split("#")[0].split()
        if not re.search(r"\(\d\)$", word):
            lines[word.encode()] = "".join(PHONEME_CODES[p] for p in phonemes).encode()
    packed = b"".join(b"%s\t%s\n" % (word, lines[word]) for word in sorted(lines))
    return zlib.compress(b"\n" + packed, 9)


def main() -> None:
    """Read, pack, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cmudict", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    arguments.output.write_bytes(pack(arguments.cmudict.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
