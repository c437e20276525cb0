"""Script files: who says what, with which id.

Readers and writers, one file a format, behind one registry::

    script = read_script(Path("story.md"))
    for problem in script.problems:
        ...  # "story.md:12: id 'a/b' cannot be a file name: …"
    for line in script.lines:
        ...
"""

from gsvbatch.script.assigning import assign_ids
from gsvbatch.script.formats import FORMATS, SUFFIXES
from gsvbatch.script.ids import collision_key, new_ids, safe_id_problem
from gsvbatch.script.reading import GuessedSpeaker, Script, read_script
from gsvbatch.script.speakers import RESERVED, speaker_key
from gsvbatch.script.writing import write_script

__all__ = [
    "FORMATS",
    "RESERVED",
    "SUFFIXES",
    "GuessedSpeaker",
    "Script",
    "assign_ids",
    "collision_key",
    "new_ids",
    "read_script",
    "safe_id_problem",
    "speaker_key",
    "write_script",
]
