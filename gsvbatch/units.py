"""Units and the one rate that every stage shares."""

from typing import TypeAlias

Seconds: TypeAlias = float
Hertz: TypeAlias = int
Decibels: TypeAlias = float

SEMANTIC_RATE: Hertz = 25
"""Semantic tokens a second, in every GPT-SoVITS version."""
