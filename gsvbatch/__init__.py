"""gsvbatch: offline batch production of speech with GPT-SoVITS voices."""

__version__ = "0.1.0"
