"""What is published for GPT-SoVITS: names, files, sizes, checksums, and what needs what.

Paths are those of the repository ``lj1995/GPT-SoVITS``, which are also those below
``GPT_SoVITS/pretrained_models`` of a WebUI. A checksum stands here where several independent sources
agree on it; where none does, the hub's own announcement is checked, and the digest of the first fetch
is remembered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a file or folder of weights does; also the keys of a registry's entry."""

    T2S = "t2s"
    """Text-to-semantic, the GPT half of a voice."""

    SYNTHESIZER = "synthesizer"
    """The SoVITS half of a voice."""

    CONTENT = "content"
    """Content encoder (HuBERT), a folder; enrolling needs it."""

    BERT = "bert"
    """Prosody features of Mandarin, a folder."""

    G2PW = "g2pw"
    """Readings of Mandarin's polyphones, a folder."""

    SPEAKER_ENCODER = "speaker_encoder"
    """Speaker embedding (ERes2NetV2); v2Pro and v2ProPlus need it."""

    VOCODER = "vocoder"
    """From mel spectrogram to audio; v3 and v4 need theirs."""


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository under its names at the two hosts."""

    huggingface: str
    modelscope: str


WEIGHTS = Repository("lj1995/GPT-SoVITS", "AI-ModelScope/GPT-SoVITS")
ARCHIVES = Repository("XXXXRT/GPT-SoVITS-Pretrained", "XXXXRT/GPT-SoVITS-Pretrained")


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One file of a repository."""

    path: str
    """Within the repository, with ``/``."""

    n_bytes: int | None = None
    """None where it is not known here; likewise below."""

    sha256: str | None = None
    about: int = 0
    """Bytes, roughly, where they are not known exactly."""

    repository: Repository = WEIGHTS
    unpacks_to: str | None = None
    """For a ZIP: the folder that its files go to; the archive itself is not kept."""


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """Files that belong together under one name."""

    name: str
    about: str
    files: tuple[PublishedFile, ...]
    roles: Mapping[Role, str]
    """The file or folder that has each role, by its path."""

    needs: tuple[str, ...] = ()
    """Models without which this one does not work; they are fetched with it."""

    version: str | None = None
    """Of GPT-SoVITS, for pairs."""

    license: str = "MIT"
    extra: str | None = None
    """Optional packages that it needs."""

    @property
    def n_bytes(self) -> int:
        """About how much there is to fetch, without what it needs."""
        return sum(file.n_bytes or file.about for file in self.files)


_S1V3 = PublishedFile(
    "s1v3.ckpt", 155_284_856, "87133414860ea14ff6620c483a3db5ed07b44be42e2c3fcdad65523a729a745a"
)
_S1V1 = PublishedFile(
    "s1bert25hz-2kh-longer-epoch=68e-step=50232.ckpt",
    sha256="b1c1e17e9c99547a89388f72048cd6e1b41b5a18b170e86a46dfde0324d63eb1",
    about=155_000_000,
)
_S1V2 = PublishedFile(
    "gsv-v2final-pretrained/s1bert25hz-5kh-longer-epoch=12-step=369668.ckpt",
    sha256="732f94e63b148066e24c7f9d2637f3374083e637635f07fbdb695dee20ddbe1f",
    about=155_000_000,
)
_S2V1 = PublishedFile("s2G488k.pth", about=106_000_000)
_S2V2 = PublishedFile(
    "gsv-v2final-pretrained/s2G2333k.pth",
    sha256="924fdccaa3c574bf139c25c9759aa1ed3b3f99e19a7c529ee996c2bc17663695",
    about=106_000_000,
)
_S2PRO = PublishedFile(
    "v2Pro/s2Gv2Pro.pth",
    162_303_657,
    "0f8ead815234365edf045c6d86370ed6e4f440e8195be77ff0ea72684ad406a5",
)
_S2PROPLUS = PublishedFile(
    "v2Pro/s2Gv2ProPlus.pth",
    sha256="d42a22bbbf65fb2bbdd45ad6a66841156977db45c7aabe0a6992ff378d9c7d3b",
    about=200_000_000,
)
_S2V3 = PublishedFile(
    "s2Gv3.pth", 769_035_145, "f33abb1920076d988e1711d5f41b5c9c6d7f92575b4acf0ad4fae6a4ebf0cf19"
)
_S2V4 = PublishedFile(
    "gsv-v4-pretrained/s2Gv4.pth",
    769_025_545,
    "906fe22f48c3e037a389df291d4d32a9414e15dbb8f9628643e83aaced109ea4",
)
_HUBERT = (
    PublishedFile(
        "chinese-hubert-base/config.json",
        1_449,
        "c3e5060a1277e0f078cc6be9da4528a605dba6ece93018981fe2c820e5c7b103",
    ),
    PublishedFile(
        "chinese-hubert-base/preprocessor_config.json",
        212,
        "dcd684124d06722947939d41ea6ae58dbf10968c60a11a29f23ddc602c64a29b",
    ),
    PublishedFile(
        "chinese-hubert-base/pytorch_model.bin",
        188_811_417,
        "24164f129c66499d1346e2aa55f183250c223161ec2770c0da3d3b08cf432d3c",
    ),
)
_BERT = (
    PublishedFile(
        "chinese-roberta-wwm-ext-large/config.json",
        963,
        "3d57de2fd7e80d0e5c8ff194f0bbb6baa10df7e43fc262a0cc71298a78b0a3e5",
    ),
    PublishedFile(
        "chinese-roberta-wwm-ext-large/tokenizer.json",
        268_962,
        "173796956820ea27bd14f76bf28162607ff4254807e2948253eb5b46f5bb643b",
    ),
    PublishedFile(
        "chinese-roberta-wwm-ext-large/pytorch_model.bin",
        651_225_145,
        "e53a693acc59ace251d143d068096ae0d7b79e4b1b503fa84c9dcf576448c1d8",
    ),
)
_SPEAKER = PublishedFile(
    "sv/pretrained_eres2netv2w24s4ep4.ckpt",
    107_528_697,
    "4f5a0bf73c61eb41b174e1bb54e7ee3c83233892be8e0af1f187024e8e581a35",
)
_BIGVGAN_FOLDER = "models--nvidia--bigvgan_v2_24khz_100band_256x"
_BIGVGAN = (
    PublishedFile(
        f"{_BIGVGAN_FOLDER}/config.json",
        1_402,
        "d77e2c96583ca2296ac112a56ec7cc6bd5da4bf7681ceff18448bedc4fcf6512",
    ),
    PublishedFile(
        f"{_BIGVGAN_FOLDER}/bigvgan_generator.pt",
        450_088_331,
        "6f9c5715550c9d0f11159ceb8935638da5aeb19e27d1e63677632df095e376f5",
    ),
)
_VOCODER = PublishedFile(
    "gsv-v4-pretrained/vocoder.pth",
    57_781_109,
    "4d611913df7b12d49e8976c944558d2d096816365edfc6c35a9e85b67dd14ed9",
)
_G2PW = PublishedFile(
    "G2PWModel.zip",
    588_856_634,
    "46292be0374a49308069233cd5c147ae4c41806558e4781a2467a31a4d8099da",
    repository=ARCHIVES,
    unpacks_to="G2PWModel",
)


def _pair(
    version: str, t2s: PublishedFile, synthesizer: PublishedFile, *needs: str
) -> PublishedModel:
    return PublishedModel(
        name=version,
        about=f"the base pair of version {version}",
        files=(t2s, synthesizer),
        roles={Role.T2S: t2s.path, Role.SYNTHESIZER: synthesizer.path},
        needs=("hubert", *needs),
        version=version,
    )


def _single(
    name: str,
    about: str,
    role: Role,
    path: str,
    *files: PublishedFile,
    license: str = "MIT",  # noqa: A002 - the field's own name
    needs: tuple[str, ...] = (),
    extra: str | None = None,
) -> PublishedModel:
    return PublishedModel(name, about, files, {role: path}, needs, license=license, extra=extra)


CATALOGUE: Mapping[str, PublishedModel] = {
    model.name: model
    for model in (
        _pair("v1", _S1V1, _S2V1),
        _pair("v2", _S1V2, _S2V2),
        _pair("v2Pro", _S1V3, _S2PRO, "sv"),
        _pair("v2ProPlus", _S1V3, _S2PROPLUS, "sv"),
        _pair("v3", _S1V3, _S2V3, "bigvgan"),
        _pair("v4", _S1V3, _S2V4, "vocoder"),
        _single(
            "hubert",
            "content encoder; enrolling voices for published models needs it",
            Role.CONTENT,
            "chinese-hubert-base",
            *_HUBERT,
        ),
        _single(
            "bert",
            "prosody of Mandarin",
            Role.BERT,
            "chinese-roberta-wwm-ext-large",
            *_BERT,
            license="Apache-2.0",
        ),
        _single(
            "g2pw",
            "readings of Mandarin's polyphones",
            Role.G2PW,
            "G2PWModel",
            _G2PW,
            license="Apache-2.0",
            needs=("bert",),  # it shares BERT's vocabulary, which its own folder lacks
            extra="g2pw",
        ),
        _single(
            "sv",
            "speaker embedding; v2Pro and v2ProPlus need it",
            Role.SPEAKER_ENCODER,
            _SPEAKER.path,
            _SPEAKER,
            license="Apache-2.0",
        ),
        _single("bigvgan", "vocoder of version v3", Role.VOCODER, _BIGVGAN_FOLDER, *_BIGVGAN),
        _single("vocoder", "vocoder of version v4", Role.VOCODER, _VOCODER.path, _VOCODER),
    )
}
"""Every model that can be fetched, by name."""


def with_needs(names: tuple[str, ...]) -> tuple[PublishedModel, ...]:
    """The named models and what they need, each once, what is needed first.

    Raises:
        KeyError: There is no such model.
    """
    found: dict[str, PublishedModel] = {}
    for name in names:
        for needed in with_needs(CATALOGUE[name].needs):
            found[needed.name] = needed
        found[name] = CATALOGUE[name]
    return tuple(found.values())
