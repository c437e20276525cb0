"""Where models are: known by name, found in a WebUI's folders, or fetched from where they are published.

catalogue (what is published) -> fetching ----> registry (name -> files) -> whoever needs a path
                     a WebUI's folders -> webui -^
"""

from gsvbatch.models.catalogue import CATALOGUE, PublishedFile, PublishedModel, Role
from gsvbatch.models.registry import Registry, RegistryEntry, locate, registry_path

__all__ = [
    "CATALOGUE",
    "PublishedFile",
    "PublishedModel",
    "Registry",
    "RegistryEntry",
    "Role",
    "locate",
    "registry_path",
]
