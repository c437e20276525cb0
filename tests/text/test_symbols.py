import pytest

from gsvbatch.text.symbols import PUNCTUATION, SymbolTable


@pytest.mark.parametrize(("version", "size"), [("v1", 322), ("v2", 732)])
def test_table_has_the_published_size(version, size):
    assert len(SymbolTable.load(version)) == size


def test_first_ids_are_the_same_in_both_tables():
    v1, v2 = SymbolTable.load("v1"), SymbolTable.load("v2")
    assert v2.symbols[: len(v1)] == v1.symbols


@pytest.mark.parametrize(
    ("symbol", "id_"),
    [("!", 0), (",", 1), ("-", 2), (".", 3), ("?", 4), ("AA", 5), ("EE", 33), ("SP", 77), ("SP2", 78),
     ("SP3", 79), ("UNK", 86), ("_", 95), ("a", 96), ("zh", 320), ("…", 321), ("[", 322), ("停", 351),
     ("空", 352), ("Ya", 353), ("Yz", 731)],
)  # fmt: skip
def test_symbols_stand_where_checkpoints_expect_them(symbol, id_):
    assert SymbolTable.load("v2").ids([symbol]) == (id_,)


def test_stranger_becomes_unknown():
    table = SymbolTable.load("v1")
    assert table.ids(["Ya", "n", "i2"]) == (86, *table.ids(["n", "i2"]))
    assert "Ya" not in table
    assert "i2" in table


def test_punctuation_is_in_the_table():
    assert all(mark in SymbolTable.load("v1") for mark in PUNCTUATION)


def test_table_is_loaded_once():
    assert SymbolTable.load("v2") is SymbolTable.load("v2")


def test_unknown_version_is_refused():
    with pytest.raises(ValueError, match="no symbol table 'v9'"):
        SymbolTable.load("v9")
