"""The root of an application, by where its modules are; nothing is imported to find it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from taipy_exec.config.application_path import find_application, place_of_program
from taipy_exec.config.application_root import find_root, named_references
from taipy_exec.errors import ConfigurationError, UsageError


def write(folder: Path, **files: str) -> None:
    """Files by their dotted names with `__` for a slash: `a__b` is a/b.py."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def toml(path: Path, *names: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = (f'[TASK.t{n}]\nfunction = "{name}:function"\n' for n, name in enumerate(names))
    path.write_text("".join(tables), encoding="utf-8")
    return path


@pytest.fixture
def src(tmp_path: Path) -> Path:
    """The layout of public applications: src/config/config.toml and src/algos/algos.py."""
    src = tmp_path / "home" / "app" / "src"
    write(src, algos__algos="def f(): ...\n", main="")
    toml(src / "config" / "config.toml", "algos.algos.f")
    return src


@pytest.mark.parametrize(
    ("here", "app"),
    [
        ("src", "config/config.toml"),
        ("src", "config"),
        ("src", "."),
        ("src/config", "config.toml"),
        ("src/config", "."),
        ("src/config", ".."),
        ("src/algos", "../config/config.toml"),
        (".", "src/config/config.toml"),
        (".", "src"),
        (".", "."),
        ("/", "{src}/config/config.toml"),
        ("/", "{src}"),
    ],
)
def test_the_root_is_the_same_whichever_way_names_the_application(
    src: Path, here: str, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(src.parent / here)
    found = find_application(app.format(src=src))
    assert (found.root, found.toml) == (src, src / "config" / "config.toml")
    assert found.main == src / "main.py"
    assert found.why is not None
    assert str(src) in found.why


def test_a_module_beside_the_file_keeps_the_root_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "app", work="")
    toml(tmp_path / "app" / "config.toml", "work.f", "json.dumps", "os.path.join", "builtins.len")
    monkeypatch.chdir(tmp_path)
    found = find_application("app/config.toml")
    assert (found.root, found.why) == (tmp_path / "app", None)


def test_the_root_has_every_module_that_is_not_installed(
    src: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = toml(src / "config" / "config.toml", "algos.algos.f", "pytest.fail", "helpers.g")
    write(src / "config", helpers="")
    write(src.parent, helpers="")
    write(src.parent, algos__algos="")
    monkeypatch.chdir(src.parent.parent)
    assert find_application(file).root == src.parent


def test_where_no_folder_has_all_the_one_with_the_most_counts(
    src: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = toml(src / "config" / "config.toml", "algos.algos.f", "nowhere.g")
    monkeypatch.chdir(src)
    assert find_application(file).root == src
    file = toml(src / "config" / "config.toml", "nowhere.g")
    assert find_application(file).root == src / "config"
    assert find_application(file).looked_in == (src / "config", src)


def test_three_levels_up_are_looked_at_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, work="")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    near, far = (toml(tmp_path / deep / "c.toml", "work.f") for deep in ("a/b/c", "a/b/c/d"))
    assert find_application(near).root == tmp_path
    assert find_application(far).root == far.parent
    monkeypatch.chdir(tmp_path)  # below the working folder all levels count
    assert find_application(far).root == tmp_path


def test_nothing_is_looked_for_above_a_checkout_or_above_the_working_folder(
    src: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (src / "config" / ".git").mkdir()
    monkeypatch.chdir("/")
    assert find_application(src / "config" / "config.toml").root == src / "config"
    (src / "config" / ".git").rmdir()
    write(src.parent, algos__algos="")
    write(src.parent, other="")
    file = toml(src / "config" / "config.toml", "other.f")
    monkeypatch.chdir(src)
    assert find_application(file).root == src / "config"


def test_no_module_is_taken_from_a_folder_that_everybody_may_write_to(
    src: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(src.parent, other="")
    file = toml(src / "config" / "config.toml", "other.f")
    src.parent.chmod(0o1777)
    monkeypatch.chdir("/")
    assert find_application(file).root == src / "config"
    monkeypatch.chdir(src.parent)  # unless it is where the user is
    assert find_application(file).root == src.parent


def test_a_root_that_is_given_counts_and_must_be_a_folder(
    src: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(src.parent)
    found = find_application("src/config/config.toml", Path())
    assert found.root == src.parent
    assert found.why == f"{src.parent}, as given"
    assert find_application(".", Path("src")).toml == src / "config" / "config.toml"
    monkeypatch.setenv("TAIPY_EXEC_ROOT", "src/config")
    assert find_application("src/config/config.toml").root == src / "config"
    for wrong, what in (("nowhere", "does not exist"), ("src/main.py", "is not a folder")):
        with pytest.raises(UsageError, match=what):
            find_application("src/config/config.toml", Path(wrong))


def test_a_folder_that_is_given_is_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, work="")
    write(tmp_path / "conf", work="")
    toml(tmp_path / "conf" / "sales.toml", "work.f")
    monkeypatch.chdir("/")
    found = find_application(tmp_path)
    assert (found.root, found.toml) == (tmp_path, tmp_path / "conf" / "sales.toml")
    assert found.doubt is not None  # the module is in both
    assert str(tmp_path / "conf") in found.doubt


def test_several_files_that_could_be_meant_are_listed(tmp_path: Path) -> None:
    for name in ("a/one.toml", "b/c/two.toml", ".venv/x.toml", "d/e/f/deep.toml"):
        toml(tmp_path / name, "work.f")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    with pytest.raises(ConfigurationError) as told:
        find_application(tmp_path)
    assert "a/one.toml, b/c/two.toml" in told.value.message
    assert "deep" not in told.value.message
    (tmp_path / "config.toml").write_text("")  # counts before any other
    assert find_application(tmp_path).toml == tmp_path / "config.toml"


def test_a_folder_without_anything_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"neither config\.toml nor main\.py"):
        find_application(tmp_path)


def test_the_state_of_an_older_version_is_used_until_there_is_one_in_the_root(src: Path) -> None:
    older, newer = (folder / ".taipy-exec" for folder in (src / "config", src))
    found = find_application(src)
    assert found.state_folder() == newer
    older.mkdir()
    (older / "state.db").touch()
    assert found.state_folder() == older == found.older_state()
    assert found.state_folder(src / "mine") == src / "mine"
    newer.mkdir()
    (newer / "state.db").touch()
    assert found.state_folder() == newer


def test_what_strings_name_is_read_and_comments_and_other_text_are_not() -> None:
    text = '''
    # "gone.f:function"
    note = "see a.b:function or c" # "also.gone:function"
    f = "one.f:function"
    g = ['two.g:function', "three.C:class", "x#y", "four:C.m:function", "one.f:function"]
    url = "http://x:80"
    long = """
    "inside.f:function"
    """
    kept = "five.f:function:str"
    '''
    assert named_references(text) == ["one.f", "two.g", "three.C", "four:C.m"]


def test_methods_and_nested_classes_count_by_the_module_that_has_them(tmp_path: Path) -> None:
    write(tmp_path / "app", ops="class Cleaner:\n    def clean(self): ...\n")
    names = ["ops.Cleaner.clean", "ops:Cleaner.clean"]
    text = "\n".join(f'f{n} = "{name}:function"' for n, name in enumerate(names))
    own = tmp_path / "app" / "conf"
    own.mkdir()
    found = find_root([text], own, tmp_path)
    assert (found.folder, found.module) == (tmp_path / "app", "ops")


def test_a_folder_with_the_name_of_a_module_is_no_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a" / "app", work="")
    (tmp_path / "work").mkdir()
    file = toml(tmp_path / "a" / "app" / "config.toml", "work.f")
    monkeypatch.chdir("/")
    found = find_application(file)
    assert (found.root, found.doubt) == (file.parent, None)
    (file.parent / "work.py").unlink()
    assert find_application(file).root == file.parent


def test_a_file_that_has_the_name_of_its_folder_is_no_package(tmp_path: Path) -> None:
    write(tmp_path, algos__algos="def f(): ...\n")
    toml(tmp_path / "algos" / "c.toml", "algos.algos.f")
    assert find_application(tmp_path / "algos" / "c.toml").root == tmp_path


def test_a_module_on_the_path_of_python_is_no_installed_one_if_a_folder_above_has_it(
    src: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(src), *sys.path])
    monkeypatch.chdir("/")
    assert find_application(src / "config" / "config.toml").root == src


def test_a_file_that_cannot_be_read_keeps_its_folder(tmp_path: Path) -> None:
    broken = tmp_path / "config.toml"
    broken.write_bytes(b"\xff = [")
    assert find_application(broken).root == tmp_path


def test_a_program_finds_its_root_by_the_file_that_it_loads(
    src: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(src.parent)
    place = place_of_program(src / "config" / "config.toml")
    assert (place.root, place.state_dir) == (src, src / ".taipy-exec")
    assert str(src) in sys.path
    toml(src / "config" / "config.toml", "json.dumps")
    place = place_of_program(src / "config" / "config.toml")
    assert (place.root, place.state_dir) == (src.parent, src / "config" / ".taipy-exec")
    assert place_of_program(None).root == src.parent
