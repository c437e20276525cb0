"""Loaded models within a budget."""

import pytest
import torch

from gsvbatch.runners.pool import ModelPool


def test_what_was_used_longest_ago_goes_first() -> None:
    pool = ModelPool(budget=20)
    for name in ("a", "b", "a", "c"):
        pool.get(name, 10, object)
    assert pool.names == ("a", "c")
    assert pool.loads == {"a": 1, "b": 1, "c": 1}
    assert pool.peak == 20


def test_what_is_used_beside_another_stays() -> None:
    pool = ModelPool(budget=20)
    pool.get("pair", 10, object)
    pool.get("other", 10, object)
    pool.get("bert", 10, object, beside=["pair"])
    assert pool.names == ("pair", "bert")


def test_what_is_larger_than_the_budget_is_alone() -> None:
    pool = ModelPool(budget=5)
    pool.get("small", 3, object)
    assert pool.get("large", 10, lambda: "large") == "large"
    assert pool.names == ("large",)


def test_room_is_made_for_what_turns_out_larger() -> None:
    pool = ModelPool(budget=20)
    pool.get("a", 10, object)
    pool.get("b", 5, object)
    pool.note("b", 15)
    assert pool.names == ("b",)
    assert pool.n_bytes == 15


def test_when_loading_runs_out_of_memory_all_others_go_and_it_is_tried_again() -> None:
    pool = ModelPool(budget=100)
    pool.get("a", 10, object)
    held_while_loading = []

    def load() -> str:
        held_while_loading.append(pool.names)
        if "a" in pool.names:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return "b"

    assert pool.get("b", 10, load) == "b"
    assert held_while_loading == [("a",), ()]
    assert pool.loads["b"] == 1


def test_memory_that_never_suffices_is_an_error() -> None:
    pool = ModelPool(budget=100)
    pool.get("a", 10, object)

    def load() -> object:
        raise MemoryError

    with pytest.raises(MemoryError):
        pool.get("b", 10, load)
