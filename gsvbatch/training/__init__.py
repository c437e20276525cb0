"""Recipes that make models: the embedded one, from a corpus that a teacher spoke.

    corpus -> content encoder -> codebook and tokens -> text-to-semantic
           -> synthesizer (posterior and generator first, then the prior on top)

Every recipe is resumable: it keeps its whole state in one file, written beside and renamed, and
goes on from there when it is started again. Progress goes to a JSON-lines curve next to it.
"""
