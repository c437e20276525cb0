"""Utterances in, takes out: quality gates, retries, joining, levels and the files of lines."""
