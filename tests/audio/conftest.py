from collections.abc import Callable

import numpy as np
import pytest

from gsvbatch.audio import Tags
from gsvbatch.data import Waveform

RATE = 32000


@pytest.fixture
def speak() -> Callable[..., Waveform]:
    """Makes something that measures like speech: syllables of harmonics with quiet around."""

    def make(
        duration: float = 1.0,
        level: float = -20.0,
        before: float = 0.0,
        after: float = 0.0,
        noise: float = -120.0,
        rate: int = RATE,
    ) -> Waveform:
        n = round(duration * rate)
        time = np.arange(n) / rate
        tone = sum(np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 8))
        syllables = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * time - np.pi / 2)
        voice = tone * syllables
        voice *= 10 ** (level / 20) / np.sqrt(np.mean(voice**2))
        samples = np.concatenate(
            [np.zeros(round(before * rate)), voice, np.zeros(round(after * rate))]
        )
        samples += np.random.default_rng(1).standard_normal(len(samples)) * 10 ** (noise / 20)
        return Waveform(samples.astype(np.float32), rate)

    return make


@pytest.fixture
def full_tags() -> Tags:
    return Tags(
        title="第一章　开始 “引号”",
        speaker="小明 & Alice",
        project="三体; 卷一",
        author="刘慈欣",
        track=3,
        track_total=120,
        disc=2,
        date="2026-11-22",
        language="zh-CN",
        series="系列",
        series_part="2",
        genre="有声书",
        publisher="某出版社",
        text="你好，世界！\nHello 𠮷野家 = ; # \\ {x}\n\n" + "长文本。" * 3000,
        comment="备注\nwith lines",
        line_id="ch1-0001",
        voice="narrator",
        profile_digest="ab" * 32,
        engine="gsvbatch 0.1.0 mini",
        weights_digest="cd" * 32,
        seed=2**63 - 1,
        params_digest="ef" * 32,
        fingerprint="01" * 32,
        text_sha256="23" * 32,
        take=0,
        qa="ok",
        extra={"KIND": "line", "NOTE": "中文值"},
    )
