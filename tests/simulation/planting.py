"""Plants a mistake in the source of the product, or of the ledger's model, as it is imported; nothing on disk changes.

Only for a process that has imported neither yet.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType


@dataclass(frozen=True, slots=True)
class Change:
    """`old`, which stands once in the module, becomes `new`."""

    module: str
    old: str
    new: str


class _ChangedSource(SourceFileLoader):
    """Loads a module from its changed text, past every cache of compiled code."""

    changes: Sequence[Change] = ()

    def path_stats(self, path: str) -> dict[str, float]:  # type: ignore[override]
        raise OSError(f"{path} is changed in memory: no compiled form of it counts")

    def get_data(self, path: str) -> bytes:
        text = super().get_data(path).decode()
        for change in self.changes:
            count = text.count(change.old)
            if count != 1:
                raise ValueError(f"{change.module} holds {change.old!r} {count} times: mend the mutant")
            text = text.replace(change.old, change.new)
        return text.encode()


class _Finder(MetaPathFinder):
    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = changes

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        changes = [change for change in self._changes if change.module == fullname]
        spec = PathFinder.find_spec(fullname, path, target) if changes else None
        if spec is None or spec.origin is None:
            return None
        loader = _ChangedSource(fullname, spec.origin)
        loader.changes = changes
        spec.loader = loader
        return spec


def plant(changes: Sequence[Change]) -> None:
    """Makes later imports see the changed source.

    Raises:
        RuntimeError: one of the modules is imported already.
    """
    late = [change.module for change in changes if change.module in sys.modules]
    if late:
        raise RuntimeError(f"imported before it could be changed: {late}")
    sys.dont_write_bytecode = True
    sys.meta_path.insert(0, _Finder(changes))
