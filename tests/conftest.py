"""What holds for every test."""

from hypothesis import settings

# A busy machine is no failure. What the default is in CI (the same examples every time) stays.
settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")
