"""Lines of models whose codes are named after sounds say their text: all of it, in order, once, and end."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from gsvbatch.data import StopReason
from gsvbatch.engine import Engine, Request
from gsvbatch.engine.decode_step import draw_rows
from gsvbatch.engine.guide import LONGEST, REACH, Guide
from gsvbatch.engine.sampling import MIN_TOKENS
from gsvbatch.engine.slots import Slots
from gsvbatch.errors import CheckpointError
from gsvbatch.gsv.bundle import ModelBundle, load_bundle, native_source
from gsvbatch.gsv.code_names import METADATA_KEY, CodeNames
from gsvbatch.gsv.native import save_native
from tests import toy
from tests.engine.requests import request

N_NAMED = 500
NAMES = CodeNames({phoneme: (2 * phoneme, 2 * phoneme + 1) for phoneme in range(N_NAMED)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    save_native(
        folder, toy.toy_t2s(), toy.toy_synthesizer(), version="toy", dtype=torch.float32,
        code_names=NAMES,
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def bundle(folder: Path) -> ModelBundle:
    return load_bundle(native_source(folder))


@pytest.fixture(scope="module")
def requests() -> list[Request]:
    return [request(number, max_tokens=400) for number in range(16)]


def spoken(bundle: ModelBundle, requests: list[Request], n_slots: int) -> dict[str, list[int]]:
    results = {r.request_id: r for r in Engine(bundle, n_slots=n_slots).run(requests)}
    found = {}
    for each in requests:
        tokens = results[each.id].tokens
        assert tokens is not None
        assert tokens.stop_reason is not StopReason.LIMIT
        found[each.id] = list(tokens.tokens)
    return found


def path_of(text: list[int], tokens: list[int]) -> list[int]:
    """The place in the text of every token; fails where one belongs nowhere."""
    at, path = -1, []
    for token in tokens:
        phoneme, goes_on = divmod(token, 2)
        if not goes_on:
            ahead = text[at + 1 : at + 1 + REACH]
            assert phoneme in ahead
            at += 1 + ahead.index(phoneme)
        assert text[at] == phoneme
        path.append(at)
    return path


def test_lines_say_their_whole_text_in_order(bundle: ModelBundle, requests: list[Request]) -> None:
    n_held = 0
    for name, tokens in spoken(bundle, requests, 4).items():
        ids = next(each.phoneme_ids for each in requests if each.id == name)
        text = [phoneme for phoneme in ids if phoneme < N_NAMED]
        if text:
            assert path_of(text, tokens)[-1] == len(text) - 1
            n_held += 1
    assert n_held > 10


def test_batch_and_slots_change_nothing(bundle: ModelBundle, requests: list[Request]) -> None:
    together = spoken(bundle, requests, 16)
    assert spoken(bundle, requests, 3) == together
    for each in requests[:5]:
        assert spoken(bundle, [each], 1)[each.id] == together[each.id]


def test_lines_of_unnamed_phonemes_are_left_alone(bundle: ModelBundle, tmp_path: Path) -> None:
    toy.toy_models(tmp_path)
    free = load_bundle(native_source(tmp_path))
    assert free.code_names is None
    strange = replace(request(3), phoneme_ids=(700, 601, 650), max_tokens=40)
    (held,) = Engine(bundle).run([strange])
    (other,) = Engine(free).run([strange])
    assert held.tokens == other.tokens


def test_no_phoneme_lasts_for_ever() -> None:
    device = torch.device("cpu")
    guide = Guide(NAMES, toy.N_PHONEMES, toy.T2S.vocabulary, device)
    slots = Slots(toy.T2S, 1, device, torch.float32)
    slots.reserve(256)
    rows = torch.zeros(1, dtype=torch.int64)
    slots.text[0, :3] = torch.tensor([7, 7, 9])
    slots.n_text[0], slots.place[0], slots.top_k[0], slots.ended_at[0] = 3, -1, 1, -1
    # The network wants nothing but to go on with what it says.
    wishes = torch.full((1, toy.T2S.vocabulary), -5.0)
    wishes[0, 1::2] = 5.0
    wishes[0, toy.T2S.eos] = -9.0
    for _ in range(3 * LONGEST + 5):
        around = guide.around(slots, rows)
        held = guide.hold(slots, rows, around, wishes)
        guide.follow(slots, rows, around, draw_rows(slots, rows, held, 1, has_top_p=False))
    n = int(slots.ended_at[0])
    said = slots.tokens[0, :n].tolist()
    assert path_of([7, 7, 9], said)[-1] == 2
    assert all(said.count(code) <= 2 * LONGEST for code in set(said))
    assert n <= 3 * (LONGEST + 1)
    assert slots.is_lost.item()


@pytest.mark.parametrize("codes", [(14, 14, 14), (14,)])
def test_a_short_line_of_a_phoneme_with_one_code_says_nothing_else(codes: tuple[int, ...]) -> None:
    device = torch.device("cpu")
    guide = Guide(CodeNames({7: codes}), toy.N_PHONEMES, toy.T2S.vocabulary, device)
    slots = Slots(toy.T2S, 1, device, torch.float32)
    slots.reserve(64)
    rows = torch.zeros(1, dtype=torch.int64)
    slots.text[0, 0] = 7
    slots.n_text[0], slots.place[0], slots.top_k[0], slots.ended_at[0] = 1, -1, 1, -1
    wishes = torch.zeros(1, toy.T2S.vocabulary)
    wishes[0, toy.T2S.eos] = 9.0
    for _ in range(MIN_TOKENS + 1):
        around = guide.around(slots, rows)
        held = guide.hold(slots, rows, around, wishes)
        guide.follow(slots, rows, around, draw_rows(slots, rows, held, 1, has_top_p=False))
    assert int(slots.ended_at[0]) == MIN_TOKENS
    assert set(slots.tokens[0, :MIN_TOKENS].tolist()) == {14}


def test_a_slot_forgets_that_its_last_line_was_lost(
    bundle: ModelBundle, requests: list[Request]
) -> None:
    engine = Engine(bundle, n_slots=1)
    (first,) = engine.run(requests[5:6])
    with torch.inference_mode():
        engine._t2s.slots.is_lost[:] = True
    (again,) = engine.run(requests[5:6])
    assert again.tokens == first.tokens


def test_names_come_back_with_the_weights(folder: Path, bundle: ModelBundle) -> None:
    assert bundle.code_names == NAMES
    NAMES.write(folder / "names.json")
    assert CodeNames.read(folder / "names.json") == NAMES
    assert CodeNames.read(folder / "missing.json") is None


@pytest.mark.parametrize(
    ("stored", "problem"),
    [
        ("{", "cannot be read"),
        ("[1]", "cannot be read"),
        ('{"3": []}', "without codes"),
        ('{"3": [5000]}', "names codes"),
        ('{"9999": [1]}', "names codes"),
    ],
)
def test_names_that_cannot_be_are_refused(
    folder: Path, tmp_path: Path, stored: str, problem: str
) -> None:
    for path in folder.glob("*.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = load_file(folder / "t2s.safetensors")
    save_file(weights, tmp_path / "t2s.safetensors", {METADATA_KEY: stored})
    with pytest.raises(CheckpointError, match=problem):
        load_bundle(native_source(tmp_path))


def test_metadata_is_plain_json() -> None:
    assert json.loads(NAMES.dump()[METADATA_KEY])["3"] == [6, 7]
