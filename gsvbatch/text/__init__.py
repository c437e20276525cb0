"""Text to phonemes: markup, languages, normalization and symbols; no torch."""
