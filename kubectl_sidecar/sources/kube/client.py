"""The two modules of the official client that are used here, its configuration and its connection pool, without the rest of it.

`import kubernetes` loads a model for each object of the API, some 700 modules, of which nothing is used (see transport.py): two
thirds of the client's import time, and more memory than 1,000 workloads take. So the packages above the two modules stand
here as what they are, folders, without the code of their `__init__`. Where somebody loaded the client before, that one serves."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import ModuleSpec

_FOLDERS = ("kubernetes", "kubernetes.client", "kubernetes.utils")


def _as_folder(name: str) -> None:
    spec = importlib.util.find_spec(name)
    if name in sys.modules or spec is None:
        return
    bare = ModuleSpec(name, None, is_package=True)
    bare.submodule_search_locations = spec.submodule_search_locations
    sys.modules[name] = importlib.util.module_from_spec(bare)


for _folder in _FOLDERS:
    _as_folder(_folder)

from kubernetes.client.configuration import Configuration  # noqa: E402
from kubernetes.client.rest import RESTClientObject  # noqa: E402

__all__ = ["Configuration", "RESTClientObject"]
