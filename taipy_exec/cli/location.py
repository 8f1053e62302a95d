"""Where the application is that the user named, and what to type to name it again."""

from __future__ import annotations

import os
import shlex
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from taipy_exec.config.application_path import (
    ROOT_VARIABLE,
    ApplicationPath,
    find_application,
    given_root,
    state_folder,
    whole_path,
)
from taipy_exec.errors import ConfigurationError

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams


class Location:
    """The application that the user named by APP, --root and --state-dir.

    It is looked for once, when it is first needed; relative paths count from the working folder
    of that moment.
    """

    def __init__(
        self,
        streams: Streams,
        app: str = ".",
        state_dir: Path | None = None,
        root: Path | None = None,
    ) -> None:
        self._streams = streams
        self.app = app
        self.state_dir = state_dir.absolute() if state_dir is not None else None
        self._root = root
        self._shown_state_dir = state_dir
        self.path = whole_path(app)

    @cached_property
    def found(self) -> ApplicationPath:
        """The application's files and folder. One line says which root was found, and why.

        Raises ConfigurationError where there is no application.
        """
        found = find_application(self.app, self._root)
        if found.why is not None:
            self._streams.note(f"root: {found.why}")
        if found.doubt is not None:
            self._streams.warn(found.doubt)
        older = found.older_state(self.state_dir)
        if older is not None:
            self._streams.note(
                f"note: the state of an older version is used: {older}; to have it in the root: "
                f"mv {shlex.quote(str(older))} {shlex.quote(str(found.root))}"
            )
        return found

    @cached_property
    def state_folder(self) -> Path:
        """Where the state lies; also where the application's files are gone."""
        try:
            return self.found.state_folder(self.state_dir)
        except ConfigurationError:
            beside = self.path if self.path.is_dir() else self.path.parent
            return state_folder(given_root(self._root) or beside, self.state_dir)

    @property
    def where(self) -> str:
        """What a command in a hint needs to mean the same application and state."""
        return self._options(self.app, absolute=False)

    @property
    def where_from_afar(self) -> str:
        """The same for a hint that is read elsewhere, in another working folder."""
        return self._options(str(self.path), absolute=True)

    def _options(self, app: str, *, absolute: bool) -> str:
        place = "" if app in (".", "config.toml", "main.py") else f" -a {shlex.quote(app)}"
        root = self._root
        if root is not None and (absolute or str(root) != os.environ.get(ROOT_VARIABLE)):
            place += f" --root {shlex.quote(str(whole_path(root) if absolute else root))}"
        if self.state_dir is not None:
            folder = self.state_dir if absolute else self._shown_state_dir
            place += f" --state-dir {shlex.quote(str(folder))}"
        return place

    def program(self, main: str) -> Location:
        """The place of a Taipy program with the same state."""
        return Location(self._streams, main, self.state_dir)
