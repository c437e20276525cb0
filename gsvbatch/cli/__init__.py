"""The command line: one file a command. A command builds config, calls ``job``, and prints."""
