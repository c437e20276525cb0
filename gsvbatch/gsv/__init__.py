"""GPT-SoVITS in torch: the two networks, their checkpoints and the features they eat.

Attribute names inside the modules are the checkpoint's keys; everything else uses our own words.
"""
