"""Where rendering happens: in this process, or on other machines."""

from gsvbatch.runners.base import Runner

__all__ = ["Runner"]
