# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads modules from the zip archive that Ansible sends to the target, and compiles each only once.

Python asks the loader for the file name of a module before it loads it. The loader of zip archives compiles the module to answer
(C(zipimport.zipimporter.get_filename)), and then again to load it. That is half of the time that a task takes to start.
"""

from __future__ import annotations

import gc
import sys
from importlib.machinery import ModuleSpec
from pkgutil import get_importer
from typing import Any, Optional, Sequence
from zipimport import ZipImportError, zipimporter

_PACKAGE = __name__.rsplit(".", 2)[0] + "."


class _Finder:
    """Finds modules of this collection in an archive; leaves everything else to the other finders."""

    @staticmethod
    def find_spec(name: str, path: Optional[Sequence[str]] = None, _target: Any = None) -> Optional[ModuleSpec]:
        if not name.startswith(_PACKAGE):
            return None
        for entry in path or ():
            importer = get_importer(entry)
            if isinstance(importer, zipimporter):
                try:
                    return _spec(name, importer, importer.is_package(name))
                except ZipImportError:
                    continue
        return None


def _spec(name: str, importer: zipimporter, is_package: bool) -> ModuleSpec:
    place = "%s/%s%s" % (importer.archive, importer.prefix, name.rpartition(".")[2])
    spec = ModuleSpec(name, importer, origin=place + ("/__init__.py" if is_package else ".py"), is_package=is_package)  # type: ignore[arg-type]
    spec.has_location = True
    if spec.submodule_search_locations is not None:
        spec.submodule_search_locations.append(place)
    return spec


def compile_once() -> None:
    """Installs the finder. To be called before the engine is imported.

    Nothing is collected either: a module ends before that would be worth it.
    """
    gc.disable()
    if _Finder not in sys.meta_path:
        # after the finder of built-in modules, as ansible-test insists on the first place
        sys.meta_path.insert(1, _Finder)
