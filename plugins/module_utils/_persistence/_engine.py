# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine on the target: its files, the program nfv-vnet, and its manual page.

A task brings the engine along as source text. It is installed as a whole, in a folder of its own, to which the link C(current) then leads.
"""

from __future__ import annotations

import json
import os
import pkgutil
import py_compile
import re
import shlex
import stat
import sys
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from typing import Any, Dict, Iterator, NamedTuple, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._files import content_of, make_folders, remove, remove_tree, replace, sync, sync_folder, write
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._programs import run_program
from ansible_collections.nfv.vnet.plugins.module_utils._names import PERSISTENT
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._manual import MANUAL
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._version import VERSION

ENGINE = "/usr/local/lib/nfv-vnet"
PROGRAM = "/usr/local/sbin/nfv-vnet"
_MANUAL_PAGE = "/usr/local/share/man/man8/nfv-vnet.8"
_CURRENT = os.path.join(ENGINE, "current")
_DESCRIPTION = "engine.json"
_MAIN = "main.py"
_NEW = "new"
"""The folder of an engine until it is complete."""
_PACKAGE = __name__.rsplit(".", 2)[0]
_OF_TASKS = _PACKAGE + "._task"
"""What only a task of Ansible needs."""
_VOLATILE = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/home", "/root")
"""Where nothing may be that is needed when the host starts: it may be gone, or not be mounted yet."""
_FIND_PYROUTE2 = "import importlib.util, sys; sys.exit(importlib.util.find_spec('pyroute2') is None)"

_MAIN_SOURCE = """\
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._program import main

sys.exit(main(sys.argv[1:]))
"""
_PROGRAM_SOURCE = """\
#!/bin/sh
# Installed by the Ansible collection nfv.vnet, which replaces it.
python={python}
main={main}
for needed in "$python" "$main"; do
    if ! [ -e "$needed" ]; then
        echo "nfv-vnet: $needed is missing, so that nothing can be applied; run a task with persistent: true again" >&2
        exit 69
    fi
done
exec "$python" -I "$main" "$@"
"""


class Installed(NamedTuple):
    """What is installed. C(python): the interpreter that runs it."""

    version: str
    hash: str
    python: str


def installed() -> Optional[Installed]:
    """The engine that is installed as a whole, None if there is none."""
    try:
        with open(os.path.join(_CURRENT, _DESCRIPTION), encoding="utf-8") as file:
            found = Installed(**json.load(file))
    except (OSError, ValueError, TypeError):
        return None
    whole = os.access(PROGRAM, os.X_OK) and content_of(PROGRAM) == _program(found.python) and os.access(found.python, os.X_OK)
    return found if whole else None


def is_current() -> bool:
    """Whether the engine that the task brings need not be installed: it is there, or a newer one."""
    brought = _hash(_brought())
    found = installed()
    return found is not None and (found.hash == brought or is_newer())


def is_newer() -> bool:
    """Whether a newer collection has installed its engine."""
    found = installed()
    return found is not None and _numbers(found.version) > _numbers(VERSION)


def python() -> str:
    """The interpreter that runs the installed engine; before it is installed, that of this task."""
    found = installed()
    return found.python if found else sys.executable


def check_python() -> None:
    """VnetError if the interpreter of this task, or its pyroute2, cannot be relied upon when the host starts."""
    spec = find_spec("pyroute2")
    places = {"the interpreter": sys.executable or "", "pyroute2": spec.origin if spec and spec.origin else ""}
    for what, place in places.items():
        for path in (place, os.path.realpath(place)):
            if not path or any(path.startswith(folder + "/") for folder in _VOLATILE):
                text = (
                    "%s is %s, in a home directory or a temporary one, which need not be there when the host starts;"
                    " set ansible_python_interpreter to a Python of the system, such as /usr/bin/python3"
                )
                raise VnetError((PERSISTENT,), text % (what, path or "unknown"))
            loose = _changeable(path)
            if loose:
                text = (
                    "%s is %s, and not only root can change %s, which root would run when the host starts;"
                    " set ansible_python_interpreter to a Python of the system, such as /usr/bin/python3"
                )
                raise VnetError((PERSISTENT,), text % (what, path, loose))
    if run_program(sys.executable, "-I", "-c", _FIND_PYROUTE2, environment={}).status:
        text = "%s finds pyroute2 only by the environment of this task, which is not there when the host starts; install it for this interpreter"
        raise VnetError((PERSISTENT,), text % sys.executable)


def _changeable(path: str) -> str:
    """The part of a path that an ordinary user can change, '' if there is none. The group may be trusted, as that of /usr/local in Debian is."""
    while os.geteuid() == 0:
        found = os.lstat(path)
        is_public = found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX and not stat.S_ISLNK(found.st_mode)
        if found.st_uid or is_public:
            return path
        if path == os.path.dirname(path):
            break
        path = os.path.dirname(path)
    return ""


def install() -> None:
    """Installs the engine. OSError if that fails; then what was there is still there."""
    sources = _brought()
    found = Installed(VERSION, _hash(sources), sys.executable)
    folder, new = (os.path.join(ENGINE, name) for name in (found.hash, _NEW))
    remove_tree(new)
    try:
        for path, source in sources.items():
            _write_source(os.path.join(new, path), source)
        write(os.path.join(new, _DESCRIPTION), json.dumps(found._asdict()), 0o644)
        replace(_MANUAL_PAGE, MANUAL, 0o644)
        replace(PROGRAM, _program(found.python), 0o755)
        remove_tree(folder)
        os.rename(new, folder)
        _lead_to(found.hash)
    except OSError:
        remove_tree(new)
        raise
    for name in os.listdir(ENGINE):
        if name not in (found.hash, os.path.basename(_CURRENT)):
            remove_tree(os.path.join(ENGINE, name))


def uninstall() -> None:
    """Removes the engine, the program and its manual page."""
    for path in (PROGRAM, _MANUAL_PAGE):
        remove(path)
    remove_tree(ENGINE)


def _program(interpreter: str) -> str:
    """The text of the program."""
    return _PROGRAM_SOURCE.format(python=shlex.quote(interpreter), main=os.path.join(_CURRENT, _MAIN))


def _write_source(path: str, source: str) -> None:
    make_folders(os.path.dirname(path), 0o755)
    write(path, source, 0o644)
    if path.endswith(".py"):
        try:
            sync(str(py_compile.compile(path, doraise=True)))
        except OSError as error:
            raise OSError(error.errno, error.strerror, path) from None  # write(2) does not say which file


def _lead_to(name: str) -> None:
    new = _CURRENT + ".new"
    remove(new)
    os.symlink(name, new)
    os.rename(new, _CURRENT)
    sync_folder(_CURRENT)


@lru_cache(maxsize=None)
def _brought() -> Dict[str, str]:
    """The sources of the engine of this task, by their paths. They are read once, as a process that waits for its confirmation outlives them."""
    sources = {_MAIN: _MAIN_SOURCE}
    parts = _PACKAGE.split(".")
    for number in range(1, len(parts)):
        sources[os.path.join(*parts[:number], "__init__.py")] = ""
    for name in (_PACKAGE, *_parts()):
        spec = find_spec(name)
        loader: Any = spec.loader if spec else None
        path = name.replace(".", "/") + ("/__init__.py" if loader.is_package(name) else ".py")
        sources[path] = loader.get_source(name) or ""
    return sources


def _parts() -> Iterator[str]:
    """The modules and packages of the engine."""
    for part in pkgutil.walk_packages(sys.modules[_PACKAGE].__path__, _PACKAGE + "."):
        if not (part.name + ".").startswith(_OF_TASKS + "."):
            yield part.name


def _hash(sources: Dict[str, str]) -> str:
    found = sha256()
    for path, source in sorted(sources.items()):
        found.update(("%s\0%s\0" % (path, source)).encode())
    return found.hexdigest()[:16]


def _numbers(version: str) -> Tuple[int, ...]:
    return tuple(map(int, re.findall("[0-9]+", version.partition("-")[0])))
