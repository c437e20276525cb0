"""The folder of spoken utterances: exact, bounded, and never trusted."""

import multiprocessing
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gsvbatch.data import StopReason, Waveform
from gsvbatch.render.cache_entry import Spoken, decode_entry, encode_entry
from gsvbatch.render.speech_cache import (
    MemoryCache,
    SpeechCache,
    clear,
    remember_device,
    remembered_device,
    survey,
)

KEYS = [f"{number:02x}" * 32 for number in range(40)]


def spoken(n_samples: int = 1000, seed: int = 0) -> Spoken:
    samples = np.random.default_rng(seed).standard_normal(n_samples).astype(np.float32)
    return Spoken(Waveform(samples, 32000), StopReason.END, 25)


def same(one: Spoken | None, other: Spoken) -> bool:
    return (
        one is not None
        and one.waveform.samples.tobytes() == other.waveform.samples.tobytes()
        and one.waveform.samples.dtype == np.float32
        and one.waveform.sample_rate == other.waveform.sample_rate
        and (one.stop_reason, one.n_tokens) == (other.stop_reason, other.n_tokens)
    )


def open_cache(folder: Path, max_bytes: int = 2**20, precision: str = "cpu-float32") -> SpeechCache:
    return SpeechCache(folder, max_bytes, precision)


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("??/*.said"))


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


@pytest.mark.parametrize("n_samples", [0, 1, 3, 1000])
def test_what_is_kept_comes_back_to_the_last_bit(tmp_path: Path, n_samples: int) -> None:
    open_cache(tmp_path).put(KEYS[0], spoken(n_samples))
    cache = open_cache(tmp_path)
    assert cache.holds(KEYS[0])
    assert same(cache.get(KEYS[0]), spoken(n_samples))


def test_another_key_or_precision_finds_nothing(tmp_path: Path) -> None:
    open_cache(tmp_path).put(KEYS[0], spoken())
    assert not open_cache(tmp_path).holds(KEYS[1])
    assert open_cache(tmp_path).get(KEYS[1]) is None
    assert open_cache(tmp_path, precision="cuda-float16").get(KEYS[0]) is None


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_flipped_bit_is_taken_for_speech(place: float, bit: int) -> None:
    content = bytearray(encode_entry(KEYS[0], spoken(50)))
    content[int(place * len(content))] ^= 1 << bit
    with pytest.raises(ValueError, match="damaged"):
        decode_entry(KEYS[0], bytes(content))


@given(st.integers(min_value=0))
def test_no_shortened_entry_is_taken_for_speech(length: int) -> None:
    content = encode_entry(KEYS[0], spoken(50))
    with pytest.raises(ValueError, match="damaged"):
        decode_entry(KEYS[0], content[: length % len(content)])


def test_a_damaged_entry_is_dropped_and_made_anew(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    cache.put(KEYS[0], spoken())
    (path,) = entries(tmp_path)
    path.write_bytes(path.read_bytes()[:-3])
    assert cache.get(KEYS[0]) is None
    assert not path.exists()
    cache.put(KEYS[0], spoken())
    assert same(cache.get(KEYS[0]), spoken())


def test_an_entry_under_a_wrong_name_is_dropped(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    cache.put(KEYS[0], spoken())
    (path,) = entries(tmp_path)
    wrong = tmp_path / KEYS[1][:2] / path.name.replace(KEYS[0], KEYS[1])
    wrong.parent.mkdir()
    path.rename(wrong)
    assert cache.get(KEYS[1]) is None
    assert not wrong.exists()


def test_the_longest_unused_go_first_and_a_use_counts(tmp_path: Path) -> None:
    size = len(encode_entry(KEYS[0], spoken()))
    cache = open_cache(tmp_path, max_bytes=10 * size)
    for number in range(10):
        cache.put(KEYS[number], spoken())
        age(entries(tmp_path)[-1], 1000 - number)
    assert same(cache.get(KEYS[0]), spoken())  # the oldest, but used now
    open_cache(tmp_path, max_bytes=10 * size).put(KEYS[20], spoken())
    kept = {key for key in KEYS if cache.holds(key)}
    assert KEYS[0] in kept
    assert KEYS[20] in kept
    assert KEYS[1] not in kept
    assert KEYS[9] in kept
    assert survey(tmp_path).n_bytes <= 10 * size


def test_the_folder_stays_within_its_limit(tmp_path: Path) -> None:
    size = len(encode_entry(KEYS[0], spoken()))
    cache = open_cache(tmp_path, max_bytes=5 * size)
    for key in KEYS:
        cache.put(key, spoken())
        assert survey(tmp_path).n_bytes <= 5 * size
    assert survey(tmp_path).n_entries >= 4


def test_two_caches_that_know_nothing_of_each_other_keep_one_limit(tmp_path: Path) -> None:
    size = len(encode_entry(KEYS[0], spoken()))
    limit = 32 * size
    caches = [open_cache(tmp_path, limit) for _ in range(2)]
    for number in range(60):
        for which, cache in enumerate(caches):
            cache.put(f"{number:03x}{which}" * 16, spoken())
    # each looks at what is there after a sixteenth of the limit
    assert survey(tmp_path).n_bytes <= limit + 2 * limit / 16


def test_what_is_larger_than_the_limit_is_not_kept(tmp_path: Path) -> None:
    cache = open_cache(tmp_path, max_bytes=100)
    cache.put(KEYS[0], spoken())
    assert survey(tmp_path).n_entries == 0


@pytest.mark.skipif(os.name == "nt", reason="folders have no such permissions on Windows")
def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "speech").write_text("a file in the way")
    cache = open_cache(tmp_path / "speech")
    cache.put(KEYS[0], spoken())
    assert cache.get(KEYS[0]) is None
    assert not cache.holds(KEYS[0])


def test_half_written_files_of_killed_jobs_go_and_those_of_others_stay(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    cache.put(KEYS[0], spoken())
    dead, alive = (
        entries(tmp_path)[0].with_name(f".gsvbatch-1-{name}.part") for name in ("dead", "alive")
    )
    for path in (dead, alive):
        path.write_bytes(b"half")
    age(dead, 7200)
    open_cache(tmp_path).put(KEYS[1], spoken())
    assert (dead.exists(), alive.exists()) == (False, True)


def test_clearing_removes_entries_and_says_how_much(tmp_path: Path) -> None:
    cache = open_cache(tmp_path)
    for key in KEYS[:3]:
        cache.put(key, spoken())
    before = survey(tmp_path)
    assert clear(tmp_path) == before
    assert survey(tmp_path).n_entries == 0
    assert list(tmp_path.iterdir()) == []
    assert clear(tmp_path / "nothing").n_entries == 0


def test_the_device_is_remembered(tmp_path: Path) -> None:
    assert remembered_device(tmp_path / "speech") == ""
    for device in ("cpu", "cuda", "cuda"):
        remember_device(tmp_path / "speech", device)
    assert remembered_device(tmp_path / "speech") == "cuda"


def test_memory_drops_the_longest_unused(tmp_path: Path) -> None:
    cache = MemoryCache(max_bytes=3 * 4000)
    for key in KEYS[:3]:
        cache.put(key, spoken())
    cache.get(KEYS[0])
    cache.put(KEYS[3], spoken())
    assert [key in KEYS[:4] and cache.holds(key) for key in KEYS[:4]] == [True, False, True, True]


def fill_for_ever(folder: Path) -> None:
    size = len(encode_entry(KEYS[0], spoken(20000)))
    cache = open_cache(folder, max_bytes=12 * size)
    number = 0
    while True:
        key = KEYS[number % len(KEYS)]
        if cache.get(key) is None:
            cache.put(key, spoken(20000, seed=number % len(KEYS)))
        number += 1


@pytest.mark.slow
def test_jobs_side_by_side_that_are_killed_leave_nothing_false(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "fork")
    for _ in range(6):
        jobs = [context.Process(target=fill_for_ever, args=(tmp_path,)) for _ in range(2)]
        for job in jobs:
            job.start()
        time.sleep(0.5)
        for job in jobs:
            job.kill()
            job.join()
    cache = open_cache(tmp_path)
    found = [number for number, key in enumerate(KEYS) if cache.holds(key)]
    assert found
    for number in found:
        assert same(cache.get(KEYS[number]), spoken(20000, seed=number))
