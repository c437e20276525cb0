"""The whole way, from a script to files, through the real engine with toy networks."""

import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gsvbatch.audio import read_audio
from gsvbatch.config import EngineConfig
from gsvbatch.engine import Engine
from gsvbatch.engine.t2s_runner import T2SRunner
from gsvbatch.errors import ConfigError
from gsvbatch.gsv.source import ModelSource
from gsvbatch.job import Project, list_lines, open_project, render
from gsvbatch.render.gates import LONGEST_PHONEME, RUN_ON_SLACK
from gsvbatch.runners import local
from gsvbatch.runners.local import LocalRunner, choose_device, is_slow, load_engine
from gsvbatch.runners.speech import token_limit
from gsvbatch.voice import load_profile, save_profile
from tests.job.tones import SCRIPT, snapshot
from tests.toy import toy_models, toy_voice


def make_toy_project(root: Path) -> Project:
    """Two voices with models of their own each, so that two pairs are loaded."""
    root.mkdir(parents=True)
    for name, seed in (("high", 1), ("low", 11)):
        source = toy_models(root / "models" / name, seed)
        toy_voice(root / "voices", source, name, seed)
    (root / "script.csv").write_text(SCRIPT, encoding="utf-8")
    (root / "gsvbatch.yaml").write_text(
        "scripts: script.csv\nspeakers: {Anna: high, Ben: low}\n"
        "album: {date: 2026-01-01}\naudio: {format: wav}\nretries: 1\nengine: {device: cpu}\n",
        encoding="utf-8",
    )
    return open_project(root / "gsvbatch.yaml")


def test_every_line_is_spoken_by_its_own_models(tmp_path: Path) -> None:
    project = make_toy_project(tmp_path / "toy")
    runner = LocalRunner(EngineConfig(device="cpu"))
    report = render(project, runner=runner)
    assert report.n_rendered == 4
    assert report.stages["decode"] > 0
    assert report.stages["loading"] > 0
    for line in list_lines(project):
        assert read_audio(project.output / line.path).duration == pytest.approx(line.duration)


def test_a_line_rendered_alone_is_the_same_line(tmp_path: Path) -> None:
    together = make_toy_project(tmp_path / "together")
    apart = make_toy_project(tmp_path / "apart")
    render(together)
    for line_id in ("a3", "a1", "a4", "a2"):
        render(apart, query=f"id:{line_id}")
    one, other = (
        {key: [(row["seed"], row["n_tokens"]) for row in rows] for key, rows in utterances.items()}
        for utterances in (snapshot(p)["utterances"] for p in (together, apart))
    )
    assert one == other


def test_a_voice_without_its_words_is_a_voice_made_without_any(tmp_path: Path) -> None:
    """`ref_free` and a voice of nothing but timbre speak alike, and not as the voice with its words."""
    worded, free, bare = (make_toy_project(tmp_path / name) for name in ("worded", "free", "bare"))
    for project, more in ((free, "sampling: {ref_free: true}\n"), (bare, "")):
        assert project.file is not None
        # Levels are measured on a voice as it is, with its words.
        settings = project.file.read_text(encoding="utf-8").replace(
            "{format: wav}", "{preset: none}"
        )
        project.file.write_text(settings + more, encoding="utf-8")
    free, bare = open_project(free.file), open_project(bare.file)
    nothing = np.zeros(0, dtype=np.int32)
    for name in ("high", "low"):
        profile = load_profile(bare.root / "voices" / name)
        profile = replace(profile, transcript="", prompt_phoneme_ids=nothing, prompt_tokens=nothing)
        save_profile(profile, bare.root / "voices" / name)
    tokens = []
    for project in (worded, free, bare):
        assert render(project).n_rendered == 4
        rows = snapshot(project)["utterances"]
        tokens.append({key: [(row["seed"], row["n_tokens"]) for row in rows[key]] for key in rows})
    assert tokens[1] == tokens[2] != tokens[0]
    for line in list_lines(free):
        one, other = (read_audio(project.output / line.path).samples for project in (free, bare))
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_the_token_limit_follows_the_length_of_the_text() -> None:
    assert token_limit(20) == round((20 * LONGEST_PHONEME + RUN_ON_SLACK) * 25 + 0.5)
    assert token_limit(100_000) == 1500


@pytest.mark.parametrize("name", ["cuda:99", "mps"])
def test_a_device_that_is_not_there_is_told(name: str) -> None:
    with pytest.raises(ConfigError, match=r"engine\.device: .* is not there"):
        choose_device(name)


def one_pair(root: Path) -> int:
    """Bytes of a pair of toy models in use."""
    return load_engine(toy_models(root, 1), EngineConfig(device="cpu")).n_bytes


def test_pairs_of_models_are_loaded_once_each_within_a_budget_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Voices take turns in the script; their lines are rendered pair by pair all the same."""
    size = one_pair(tmp_path / "measured")
    project = make_toy_project(tmp_path / "toy")
    alive: weakref.WeakSet[Engine] = weakref.WeakSet()
    most_alive = 0

    def watched(source: ModelSource, config: EngineConfig) -> Engine:
        nonlocal most_alive
        engine = load_engine(source, config)
        alive.add(engine)
        most_alive = max(most_alive, len(alive))
        return engine

    monkeypatch.setattr(local, "load_engine", watched)
    budget = size * 1.2
    runner = LocalRunner(EngineConfig(device="cpu", max_memory=budget / 2**30))
    report = render(project, runner=runner)
    assert report.n_rendered == 4
    assert (report.n_pairs, report.n_loads) == (2, 2)
    assert most_alive == 1
    assert runner.pool.peak <= budget


def test_a_pair_that_is_loaded_already_goes_first(tmp_path: Path) -> None:
    size = one_pair(tmp_path / "measured")
    project = make_toy_project(tmp_path / "toy")
    runner = LocalRunner(EngineConfig(device="cpu", max_memory=size * 1.2 / 2**30))
    assert render(project, query="id:a2", runner=runner).n_loads == 1
    report = render(project, runner=runner)
    assert (report.n_pairs, report.n_loads) == (2, 1)


def test_pairs_stay_loaded_where_there_is_room(tmp_path: Path) -> None:
    project = make_toy_project(tmp_path / "toy")
    runner = LocalRunner(EngineConfig(device="cpu", max_memory=1.0, cache_size=0))
    assert render(project, runner=runner).n_loads == 2
    again = render(project, runner=runner, force=True)
    assert (again.n_rendered, again.n_loads) == (4, 0)
    assert again.stages["decode"] > 0


def test_what_is_all_in_the_cache_loads_no_models(tmp_path: Path) -> None:
    """The pairs of lines that were spoken before are not asked for; a new line asks for its own."""
    render(make_toy_project(tmp_path / "spoken"))
    project = make_toy_project(tmp_path / "again")
    (project.root / "script.csv").write_text(SCRIPT + "a5,Anna,Wait!\n", encoding="utf-8")
    runner = LocalRunner(EngineConfig(device="cpu"))
    report = render(open_project(project.root / "gsvbatch.yaml"), runner=runner)
    assert (report.n_rendered, report.n_from_cache) == (5, 4)
    assert (report.n_pairs, report.n_loads) == (2, 1)
    assert len(runner.pool.names) == 1
    assert report.stages["cache"] > 0
    again = LocalRunner(EngineConfig(device="cpu"))
    report = render(make_toy_project(tmp_path / "once more"), runner=again)
    assert (report.n_from_cache, report.n_loads, again.resident) == (4, 0, ())
    assert "loading" not in report.stages


def test_models_that_wait_give_way_when_memory_runs_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches are halved, and so that it helps, what nobody uses goes."""
    project = make_toy_project(tmp_path / "toy")
    runner = LocalRunner(EngineConfig(device="cpu", max_memory=1.0, slots=4))
    render(project, query="speaker:Anna", runner=runner)
    prefill = T2SRunner.prefill
    is_first = True

    def short_of_memory(self: T2SRunner, sequences: object) -> None:
        nonlocal is_first
        if is_first:
            is_first = False
            raise torch.OutOfMemoryError("CUDA out of memory")
        prefill(self, sequences)  # type: ignore[arg-type]

    render(project, query="id:a2", runner=runner)
    assert len(runner.pool.names) == 2
    monkeypatch.setattr(T2SRunner, "prefill", short_of_memory)
    assert render(project, query="id:a4", runner=runner).n_rendered == 1
    assert len(runner.pool.names) == 1


@pytest.mark.parametrize(
    ("dtype", "found", "expected"),
    [
        (torch.float32, {"architecture": "x86_64"}, False),
        (torch.bfloat16, {"architecture": "x86_64", "avx512_bf16": False}, True),
        (torch.bfloat16, {"architecture": "x86_64", "avx512_bf16": True}, False),
        (torch.bfloat16, {"architecture": "x86_64", "amx_bf16": True}, False),
        (torch.float16, {"architecture": "x86_64", "avx512_bf16": True}, True),
        (torch.bfloat16, {"architecture": "arm64"}, False),
    ],
)
def test_a_precision_that_a_processor_has_to_convert_is_known(
    monkeypatch: pytest.MonkeyPatch,
    dtype: torch.dtype,
    found: dict[str, str | bool],
    expected: bool,
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found)
    assert is_slow(dtype, torch.device("cpu")) is expected
    assert not is_slow(dtype, torch.device("cuda"))


def test_who_chooses_such_a_precision_is_told_of_a_better_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"architecture": "x86_64"})
    source = toy_models(tmp_path, 1)
    assert load_engine(source, EngineConfig(device="cpu")).dtype == torch.float32
    assert not caplog.messages
    engine = load_engine(source, EngineConfig(device="cpu", dtype="bfloat16"))
    assert engine.dtype == torch.bfloat16
    assert caplog.messages == ["engine.dtype bfloat16 is slow on this processor; float32 is faster"]
