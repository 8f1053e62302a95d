"""The place of the application that a command means, and how hints name it."""

from __future__ import annotations

import os
import shlex
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from taipy_exec.config.application_path import (
    ROOT_VARIABLE,
    STATE_FILE,
    STATE_FOLDER,
    ApplicationPath,
    find_application,
    given_root,
    state_folder,
    whole_path,
)
from taipy_exec.errors import ConfigurationError, TaipyExecError

if TYPE_CHECKING:
    from taipy_exec.engine.origin import Origin
    from taipy_exec.model.job import SubmissionRecord
    from taipy_exec.operations.listener import Listener

# The files that commands find in the working folder without an option.
_FOUND_WITHOUT_A_NAME = (".", "config.toml", "main.py")


class Location:
    """The application that the user named by APP, --root and --state-dir.

    It is looked for once, when it is first needed; relative paths count from the working folder
    of that moment.
    """

    def __init__(
        self,
        listener: Listener,
        app: str,
        state_dir: Path | None,
        root: Path | None = None,
    ) -> None:
        self._listener = listener
        self.app = app
        self.state_dir = state_dir.absolute() if state_dir is not None else None
        self._root = root
        self._shown_state_dir = state_dir
        self._here = Path.cwd()
        self._submitted: tuple[SubmissionRecord, Origin] | None = None
        self.path = whole_path(app)

    def take_from(self, record: SubmissionRecord) -> None:
        """From here on the application is the one that `record` came from, as its state says.

        An application that the user named, and what an older version stored, stay as they are.
        """
        from taipy_exec.engine.origin import origin_of

        origin = origin_of(record, self.state_folder) if self.app == "." else None
        if origin is None or self._is_found(origin):
            return
        self._submitted = record, origin
        self.path = origin.file
        self.__dict__.pop("found", None)

    def _is_found(self, origin: Origin) -> bool:
        try:
            found = find_application(self.app, self._root)
        except ConfigurationError:
            return False
        return found.root == origin.root and origin.file in (found.toml, found.main, found.root)

    @cached_property
    def found(self) -> ApplicationPath:
        """The application's files and folder. One line says which root was found, and why.

        Raises ConfigurationError if there is no application.
        """
        found = self._find()
        if found.why is not None:
            self._listener.note(f"root: {found.why}")
        if found.doubt is not None:
            self._listener.warn(found.doubt)
        older = found.older_state(self.state_dir)
        if older is not None:
            self._listener.note(
                f"note: the state of an older version is used: {older}; to move it to the root: "
                f"mv {shlex.quote(str(older))} {shlex.quote(str(found.root))}"
            )
        return found

    def _find(self) -> ApplicationPath:
        if self._submitted is None:
            return find_application(self.app, self._root)
        record, origin = self._submitted
        if not origin.file.exists():
            raise ConfigurationError(
                f"{record.short_id} was submitted from {self._seen_from_here(origin.file)}, "
                "which is gone",
                "name the application as it is now: --application-path APP",
            )
        found = find_application(origin.file, self._root)
        if self._root is not None or found.root == origin.root:
            return found
        self._root = origin.root
        return find_application(origin.file, self._root)

    @cached_property
    def state_folder(self) -> Path:
        """The folder of the state, even if the application's files are gone.

        If the user named nothing and nothing was submitted from the application that is found,
        it is the state in the working folder, if there is one.
        """
        try:
            folder = self.found.state_folder(self.state_dir)
        except ConfigurationError:
            beside = self.path if self.path.is_dir() else self.path.parent
            folder = state_folder(given_root(self._root) or beside, self.state_dir)
        here = state_folder(self._here)
        is_named = self.app != "." or self._root is not None or self.state_dir is not None
        if is_named or _is_state(folder) or not _is_state(here):
            return folder
        return here

    @property
    def named_file(self) -> str | None:
        """The file that the user named as the application, as submissions store it.

        None if the user named a folder or nothing, or if the file is gone.
        """
        from taipy_exec.engine.origin import stored_file

        try:
            file = (self.found.toml or self.found.main) if self.path.is_file() else None
        except ConfigurationError:
            return None
        return stored_file(file, self.state_folder) if file else None

    @cached_property
    def where(self) -> str:
        """The options that a command about a submission needs in a hint to find this state.

        None if it is found from the working folder: the state knows the application.
        """
        options = self._options(self.app, absolute=False)
        return options if options and not self._is_state_here() else ""

    @property
    def where_of_application(self) -> str:
        """The options that a command that reads the application needs in a hint to mean it."""
        app = self._seen_from_here(self.path) if self._submitted else self.app
        return self._options(app, absolute=False)

    @property
    def where_from_afar(self) -> str:
        """The same for a hint that is read elsewhere, in another working folder."""
        return self._options(str(self.path), absolute=True)

    def _is_state_here(self) -> bool:
        """Whether a command in the working folder that names nothing finds this state."""
        if self.state_folder not in (self._here / STATE_FOLDER, state_folder(self._here)):
            return False
        try:
            found = find_application(given_root() or self._here).state_folder()
        except TaipyExecError:
            found = state_folder(given_root() or self._here)
        return found == self.state_folder

    def _seen_from_here(self, path: Path) -> str:
        return str(path.relative_to(self._here)) if path.is_relative_to(self._here) else str(path)

    def _options(self, app: str, *, absolute: bool) -> str:
        place = "" if app in _FOUND_WITHOUT_A_NAME else f" -a {shlex.quote(app)}"
        root = self._root
        if root is not None and (absolute or str(root) != os.environ.get(ROOT_VARIABLE)):
            place += f" --root {shlex.quote(str(whole_path(root) if absolute else root))}"
        if self.state_dir is not None:
            folder = self.state_dir if absolute else self._shown_state_dir
            place += f" --state-dir {shlex.quote(str(folder))}"
        return place

    def program(self, main: str) -> Location:
        """The place of a Taipy program with the same state."""
        return Location(self._listener, main, self.state_dir)


def _is_state(folder: Path) -> bool:
    try:
        return (folder / STATE_FILE).exists()
    except PermissionError:
        return True
