"""Pickles that run code when Python reads them, each by another way.

Every one of them leaves a mark: it makes a file called ``pwned`` in the working directory, or would if
it were let. What could not be shown to work that way here (another operating system, a module that may
be missing) is marked as such, and refused all the same.
"""

import pickle
from collections.abc import Callable
from typing import Any

MARK = "pwned"
_SHELL = f"echo > {MARK}"
_PYTHON = f"open({MARK!r}, 'w').close()"


class Runs:
    """Pickles to a call."""

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self.call = (function, args)

    def __reduce__(self) -> Any:
        return self.call


def _text(text: str) -> bytes:
    """The opcode that puts a short text on the stack."""
    data = text.encode()
    return b"X" + len(data).to_bytes(4, "little") + data


def _global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _reduced(module: str, name: str, *texts: str) -> bytes:
    """A call by GLOBAL and REDUCE."""
    return b"\x80\x02" + _global(module, name) + b"(" + b"".join(map(_text, texts)) + b"tR."


def _nested() -> bytes:
    return pickle.dumps(Runs(exec, _PYTHON), protocol=2)


RUNNING: dict[str, bytes] = {
    "exec": pickle.dumps(Runs(exec, _PYTHON), protocol=2),
    "eval": pickle.dumps(Runs(eval, f"exec({_PYTHON!r})"), protocol=4),
    "open": pickle.dumps(Runs(open, MARK, "w"), protocol=2),
    "os.system": _reduced("os", "system", _SHELL),
    "subprocess.getoutput": _reduced("subprocess", "getoutput", _SHELL),
    "INST": f"(S'{MARK}'\nS'w'\ni_io\nopen\n.".encode(),
    "OBJ": b"\x80\x01(" + _global("_io", "FileIO") + _text(MARK) + _text("w") + b"o.",
    "subprocess.Popen": b"\x80\x02"
    + _global("subprocess", "Popen")
    + b"("
    + _text(_SHELL)
    + b"J\xff\xff\xff\xffNNNNN\x88\x88tR.",
    "STACK_GLOBAL": b"\x80\x04"
    + _text("builtins")
    + _text("exec")
    + b"\x93("
    + _text(_PYTHON)
    + b"tR.",
    "dotted name": b"\x80\x04"
    + _text("pathlib")
    + _text("Path.touch")
    + b"\x93("
    + _global("pathlib", "Path")
    + b"("
    + _text(MARK)
    + b"tRtR.",
    "pickle in a pickle": b"\x80\x02"
    + _global("pickle", "loads")
    + b"(B"
    + len(_nested()).to_bytes(4, "little")
    + _nested()
    + b"tR.",
    "getattr chain": b"\x80\x02"
    + _global("builtins", "getattr")
    + b"("
    + _global("importlib", "import_module")
    + b"("
    + _text("os")
    + b"tR"
    + _text("system")
    + b"tR("
    + _text(_SHELL)
    + b"tR.",
    "operator.methodcaller": b"\x80\x02"
    + _global("operator", "methodcaller")
    + b"("
    + _text("touch")
    + b"tR("
    + _global("pathlib", "Path")
    + b"("
    + _text(MARK)
    + b"tRtR.",
    "map through list": b"\x80\x02"
    + _global("builtins", "list")
    + b"("
    + _global("builtins", "map")
    + b"("
    + _global("builtins", "exec")
    + b"]("
    + _text(_PYTHON)
    + b"etRtR.",
    "functools.partial": b"\x80\x02"
    + _global("functools", "partial")
    + b"("
    + _global("builtins", "exec")
    + _text(_PYTHON)
    + b"tR(tR.",
    "code module": b"\x80\x02"
    + _global("code", "InteractiveInterpreter")
    + b"(tR0"
    + _global("timeit", "timeit")
    + b"("
    + _text(_PYTHON)
    + b"tR.",
    "as a dictionary's key": b"\x80\x02}" + _reduced("os", "system", _SHELL)[2:-1] + b"K\x01s.",
    "before the weights": b"\x80\x02"
    + _reduced("os", "system", _SHELL)[2:-1]
    + b"0}"
    + _text("weight")
    + b"}s.",
}
"""Streams that make the mark in a plain Python, by what they use."""

OTHERWISE: dict[str, bytes] = {
    "nt.system": _reduced("nt", "system", _SHELL),
    "torch.load": _reduced("torch", "load", "other.pt"),
    "torch.hub": _reduced("torch.hub", "load", "someone/something", "model"),
    "storage of bytes": _reduced("torch.storage", "_load_from_bytes", "x"),
    "numpy objects": _reduced("numpy.core.multiarray", "_reconstruct", "x"),
    "network": _reduced("urllib.request", "urlopen", "http://127.0.0.1:9/"),
    "browser": _reduced("webbrowser", "open", "http://127.0.0.1:9/"),
    "own module": _reduced("gsvbatch.cli.main", "main", "demo"),
    "config with a method": b"\x80\x02cutils\nHParams.__init__.__globals__\n.",
    "extension": b"\x80\x02\x82\x01.",
    "class for a storage": b"\x80\x02("
    + _text("storage")
    + _global("builtins", "exec")
    + _text("0")
    + _text("cpu")
    + b"K\x01tQ.",
    "class as a config": b"\x80\x02cargparse\nNamespace\n)\x81.",
}
"""Streams that would do harm elsewhere, or need something that is not here."""

CORPUS = RUNNING | OTHERWISE
