"""From TOML text and Python layers to the frozen configuration, and every finding on the way."""

from __future__ import annotations

import datetime as dt
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from taipy_exec.config.checker import check
from taipy_exec.config.compile import Compiled, compile_layers
from taipy_exec.config.layers import Layer, copy_layer, layer_from_toml
from taipy_exec.config.problem import Level, Problem
from taipy_exec.config.reference import ClassRef, FunctionRef
from taipy_exec.config.toml_file import TomlFile, read_toml
from taipy_exec.config.typed_text import Frequency, Scope
from taipy_exec.errors import ConfigurationError, NotFoundError, UsageError

MODES = {"development": None, "standalone": None, "cluster": "the mode cluster comes later"}
STORAGE = ("pickle", "json", "csv", "in_memory", "excel", "parquet", "sql", "generic")


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(tmp_path)


class App:
    """A folder with TOML files and what comes of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, text: str, name: str = "config.toml") -> TomlFile:
        path = self.folder / name
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return read_toml(path)

    def compile(self, *sources: str | Layer, environ: dict[str, str] | None = None) -> Compiled:
        """Compile layers; a text is a file of its own (config.toml, config1.toml ...)."""
        layers = [
            source
            if isinstance(source, Layer)
            else layer_from_toml(self.file(source, f"config{n or ''}.toml"))
            for n, source in enumerate(sources)
        ]
        return compile_layers(
            layers, root=self.folder, state_dir=self.folder / "state", environ=environ or {}
        )

    def check(
        self,
        *sources: str | Layer,
        environ: dict[str, str] | None = None,
        imports: bool = False,
    ) -> list[Problem]:
        compiled = self.compile(*sources, environ=environ)
        return check(compiled, modes=MODES, storage_types=STORAGE, imports=imports)


def errors(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.level is Level.ERROR]


def warnings(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.level is Level.WARNING]


def only(problems: list[Problem], level: Level = Level.ERROR) -> Problem:
    """The one finding of this level."""
    found = [problem for problem in problems if problem.level is level]
    assert len(found) == 1, [str(problem) for problem in problems]
    return found[0]


def place(problem: Problem) -> tuple[str | None, int | None, str | None, str | None, str | None]:
    file = Path(problem.file).name if problem.file else None
    return (file, problem.line, problem.section, problem.id, problem.field)


GOOD = """
    [TAIPY]
    app_name = "demo"
    retries = "3:int"

    [JOB]
    mode = "standalone"
    max_nb_of_workers = "8:int"

    [DATA_NODE.raw]
    storage_type = "csv"
    default_path = "raw.csv"
    scope = "GLOBAL:SCOPE"
    validity_period = "1d0h0m0s:timedelta"
    team = "blue"

    [DATA_NODE.clean]

    [TASK.tidy]
    function = "builtins.len:function"
    inputs = ["raw:SECTION"]
    outputs = ["clean"]
    skippable = "True:bool"

    [SCENARIO.plan]
    tasks = ["tidy:SECTION"]
    frequency = "MONTHLY:FREQUENCY"
    owner = "me"

    [SCENARIO.plan.comparators]
    clean = ["builtins.max:function", "builtins.min:function"]

    [SCENARIO.plan.sequences]
    prepare = ["tidy:SECTION"]
"""


# -- what a good file says ----------------------------------------------------------------


def test_a_good_file_has_no_problem(app: App) -> None:
    assert app.check(GOOD, imports=True) == []


def test_a_good_file_becomes_a_frozen_configuration(app: App) -> None:
    config = app.compile(GOOD).raise_errors()
    assert config.global_properties == {"app_name": "demo", "retries": 3}
    assert (config.job.mode, config.job.max_nb_of_workers, config.job.workers) == (
        "standalone",
        8,
        8,
    )
    raw, clean = config.data_nodes["raw"], config.data_nodes["clean"]
    assert (raw.storage_type, raw.scope, raw.path) == ("csv", Scope.GLOBAL, "raw.csv")
    assert raw.validity_period == dt.timedelta(days=1)
    assert raw.properties == {
        "default_path": "raw.csv",
        "encoding": "utf-8",
        "has_header": True,
        "exposed_type": "pandas",
        "team": "blue",
    }
    assert raw.team == "blue"
    assert (clean.storage_type, clean.scope, clean.validity_period) == (
        "pickle",
        Scope.SCENARIO,
        None,
    )
    tidy = config.tasks["tidy"]
    assert tidy.function_ref == FunctionRef("builtins.len")
    assert (tidy.input_ids, tidy.output_ids, tidy.skippable) == (("raw",), ("clean",), True)
    plan = config.scenarios["plan"]
    assert (plan.tasks, plan.frequency) == ((tidy,), Frequency.MONTHLY)
    assert plan.comparators == {"clean": (FunctionRef("builtins.max"), FunctionRef("builtins.min"))}
    assert plan.sequences == {"prepare": (tidy,)}
    assert plan.owner == "me"
    with pytest.raises(AttributeError, match="no attribute or property 'nothing'"):
        _ = plan.nothing


def test_an_empty_file_gives_the_defaults(app: App) -> None:
    config = app.compile("").raise_errors()
    assert (config.job.mode, config.job.max_nb_of_workers, config.job.workers) == (
        "development",
        None,
        2,
    )
    assert (config.core.storage_folder, config.core.taipy_storage_folder) == (
        "user_data/",
        ".taipy/",
    )
    assert (config.data_nodes, config.tasks, config.scenarios) == ({}, {}, {})


def test_the_order_of_sections_does_not_matter(app: App) -> None:
    backwards = """
        [SCENARIO.plan]
        tasks = ["b", "a"]
        [TASK.b]
        function = "builtins.len:function"
        inputs = ["y"]
        outputs = ["z"]
        [DATA_NODE.z]
        [TASK.a]
        function = "builtins.len:function"
        inputs = ["x"]
        outputs = ["y"]
        [DATA_NODE.y]
        [DATA_NODE.x]
    """
    assert app.check(backwards) == []
    graph = app.compile(backwards).config.scenarios["plan"].graph()
    assert [task.id for task in graph.tasks] == ["a", "b"]


def test_a_node_that_is_named_twice_is_an_input_once(app: App) -> None:
    config = app.compile('[DATA_NODE.a]\n[DATA_NODE.b]\n[TASK.t]\ninputs = ["b", "a", "b"]').config
    assert config.tasks["t"].input_ids == ("b", "a")


def test_the_id_key_of_an_entry_is_dropped(app: App) -> None:
    node = app.compile('[DATA_NODE.a]\nid = "b"').config.data_nodes["a"]
    assert (node.id, dict(node.properties)) == ("a", {})


def test_the_scenario_is_the_only_one_or_the_one_asked_for(app: App) -> None:
    one = app.compile('[SCENARIO.default]\nx = "1"\n[SCENARIO.a]').config
    assert one.scenario().id == "a"
    two = app.compile("[SCENARIO.a]\n[SCENARIO.b]").config
    assert two.scenario("b").id == "b"
    with pytest.raises(UsageError, match="several scenarios") as caught:
        two.scenario()
    assert "a, b" in str(caught.value.hint)
    with pytest.raises(NotFoundError, match="no scenario 'c'"):
        two.scenario("c")
    with pytest.raises(NotFoundError, match="has no scenario"):
        app.compile("").config.scenario()


def test_the_graph_of_a_sequence_or_a_task_is_a_part_of_the_scenario(app: App) -> None:
    plan = app.compile(GOOD).config.scenarios["plan"]
    assert [t.id for t in plan.graph("sequence:prepare").tasks] == ["tidy"]
    assert [t.id for t in plan.graph("task:tidy").tasks] == ["tidy"]
    with pytest.raises(NotFoundError, match="no sequence 'other'"):
        plan.graph("sequence:other")
    with pytest.raises(NotFoundError, match="no task 'other'"):
        plan.graph("task:other")


def test_the_digest_tells_graphs_apart_and_not_modes(app: App) -> None:
    digest = app.compile(GOOD).config.digest
    assert app.compile(GOOD.replace("standalone", "development")).config.digest == digest
    assert app.compile(GOOD.replace("builtins.len", "builtins.abs")).config.digest != digest
    assert app.compile(GOOD.replace("raw.csv", "other.csv")).config.digest != digest


# -- layers -------------------------------------------------------------------------------


def python_layer(**tasks: dict[str, object]) -> Layer:
    """What `Config.configure_*` calls leave behind."""
    layer = Layer()
    for id in ("x", "y"):
        layer.entry("DATA_NODE", id)
    for id, keys in tasks.items():
        layer.entry("TASK", id).update(keys)
    return layer


def test_a_later_layer_overrides_key_by_key_and_absent_is_not_empty(app: App) -> None:
    layer = python_layer(t={"function": len, "inputs": ["x"], "outputs": ["y"], "skippable": True})
    task = app.compile(layer, '[TASK.t]\nowner = "me"').config.tasks["t"]
    assert task.function_ref == FunctionRef("builtins.len")
    assert (task.input_ids, task.output_ids, task.skippable) == (("x",), ("y",), True)
    assert task.owner == "me"


def test_an_empty_list_of_a_later_layer_empties_the_list(app: App) -> None:
    layer = python_layer(t={"function": len, "inputs": ["x"], "outputs": ["y"]})
    task = app.compile(layer, "[TASK.t]\ninputs = []").config.tasks["t"]
    assert (task.input_ids, task.output_ids) == ((), ("y",))


def test_a_scenario_keeps_its_tasks_when_a_file_only_adds_a_property(app: App) -> None:
    config = app.compile(GOOD, '[SCENARIO.plan]\nowner = "you"').config
    plan = config.scenarios["plan"]
    assert [task.id for task in plan.tasks] == ["tidy"]
    assert (plan.owner, plan.frequency) == ("you", Frequency.MONTHLY)
    assert list(plan.sequences) == ["prepare"]


def test_lists_and_tables_are_replaced_as_a_whole(app: App) -> None:
    config = app.compile(
        '[DATA_NODE.a]\n[DATA_NODE.b]\n[TASK.t]\ninputs = ["a"]\nopts = {p = 1, q = 2}',
        '[TASK.t]\ninputs = ["b"]\nopts = {q = 3}',
    ).config
    assert config.tasks["t"].input_ids == ("b",)
    assert config.tasks["t"].opts == {"q": 3}


def test_the_repository_properties_are_merged(app: App) -> None:
    core = app.compile(
        "[CORE]\nrepository_properties = {a = 1, b = 2}",
        "[CORE.repository_properties]\nb = 3",
    ).config.core
    assert core.repository_properties == {"a": 1, "b": 3}


def test_the_flat_sections_are_merged_too(app: App) -> None:
    config = app.compile(
        '[JOB]\nmode = "standalone"\nmax_nb_of_workers = 4\n[TAIPY]\na = 1\nb = 1',
        "[JOB]\nmax_nb_of_workers = 6\n[TAIPY]\nb = 2",
    ).config
    assert (config.job.mode, config.job.max_nb_of_workers) == ("standalone", 6)
    assert config.global_properties == {"a": 1, "b": 2}


def test_a_problem_names_the_file_that_the_key_came_from(app: App) -> None:
    problems = app.check(
        '[DATA_NODE.a]\nscope = "GLOBAL:SCOPE"\nencoding = "utf-8"',
        '# no comment\n[DATA_NODE.a]\nscope = "GLOBAL"',
    )
    assert place(only(problems)) == ("config1.toml", 3, "DATA_NODE", "a", "scope")


def test_a_problem_of_the_python_layer_has_no_file(app: App) -> None:
    problem = only(app.check(python_layer(t={"function": len, "inputs": ["no"], "outputs": ["y"]})))
    assert place(problem) == (None, None, "TASK", "t", "inputs")


def test_merging_leaves_the_layers_as_they_were(app: App) -> None:
    layer = python_layer(t={"inputs": ["x"]})
    before = copy_layer(layer)
    app.compile(layer, '[TASK.t]\ninputs = ["y"]\n[CORE]\nmode = "x"')
    assert layer.sections == before.sections


def test_a_copied_layer_can_be_changed_on_its_own(app: App) -> None:
    layer = python_layer(t={"inputs": ["x"]})
    copy_layer(layer).entry("TASK", "t")["inputs"] = ["y"]
    assert layer.entry("TASK", "t")["inputs"] == ["x"]


def test_configurations_given_as_objects_are_references(app: App) -> None:
    nodes = app.compile("[DATA_NODE.x]\n[DATA_NODE.y]").config.data_nodes
    layer = python_layer(t={"function": len, "inputs": [nodes["x"]], "outputs": (nodes["y"],)})
    task = app.compile(layer).config.tasks["t"]
    assert (task.input_ids, task.output_ids) == (("x",), ("y",))


# -- default entries ----------------------------------------------------------------------


def test_a_data_node_inherits_from_the_default_entry(app: App) -> None:
    nodes = app.compile(
        """
        [DATA_NODE.own]
        scope = "CYCLE:SCOPE"
        encoding = "ascii"
        [DATA_NODE.plain]
        [DATA_NODE.default]
        storage_type = "csv"
        scope = "GLOBAL:SCOPE"
        validity_period = "1h:timedelta"
        encoding = "latin-1"
        team = "blue"
        """
    ).config.data_nodes
    plain, own = nodes["plain"], nodes["own"]
    assert (plain.storage_type, plain.scope) == ("csv", Scope.GLOBAL)
    assert plain.validity_period == dt.timedelta(hours=1)
    assert (plain.encoding, plain.team, plain.has_header) == ("latin-1", "blue", True)
    assert (own.scope, own.encoding, own.team) == (Scope.CYCLE, "ascii", "blue")


def test_a_node_of_another_storage_type_inherits_the_validity_period_only(app: App) -> None:
    node = app.compile(
        """
        [DATA_NODE.default]
        storage_type = "csv"
        scope = "GLOBAL:SCOPE"
        validity_period = "1h:timedelta"
        team = "blue"
        [DATA_NODE.other]
        storage_type = "json"
        """
    ).config.data_nodes["other"]
    assert (node.storage_type, node.scope) == ("json", Scope.SCENARIO)
    assert node.validity_period == dt.timedelta(hours=1)
    assert dict(node.properties) == {"encoding": "utf-8"}


def test_a_task_inherits_additional_properties_only(app: App) -> None:
    tasks = app.compile(
        """
        [DATA_NODE.x]
        [TASK.t]
        [TASK.own]
        team = "red"
        [TASK.default]
        function = "builtins.len:function"
        inputs = ["x"]
        outputs = ["x"]
        skippable = true
        team = "blue"
        """
    ).config.tasks
    task = tasks["t"]
    assert (task.function_ref, task.inputs, task.outputs, task.skippable) == (None, (), (), False)
    assert task.team == "blue"
    assert tasks["own"].team == "red"


def test_a_scenario_inherits_frequency_and_additional_properties_only(app: App) -> None:
    scenarios = app.compile(
        """
        [DATA_NODE.x]
        [TASK.t]
        [SCENARIO.default]
        tasks = ["t"]
        additional_data_nodes = ["x"]
        frequency = "DAILY:FREQUENCY"
        team = "blue"
        [SCENARIO.default.sequences]
        s = ["t"]
        [SCENARIO.a]
        [SCENARIO.b]
        frequency = "YEARLY:FREQUENCY"
        """
    ).config.scenarios
    a = scenarios["a"]
    assert (a.tasks, a.additional_data_nodes, dict(a.sequences)) == ((), (), {})
    assert (a.frequency, a.team) == (Frequency.DAILY, "blue")
    assert scenarios["b"].frequency is Frequency.YEARLY


@pytest.mark.parametrize("section", ["DATA_NODE", "TASK", "SCENARIO"])
def test_a_problem_of_a_default_entry_is_told_once(app: App, section: str) -> None:
    compiled = app.compile(f'[{section}.default]\nteam = "ENV[MISSING]"\n[{section}.a]')
    assert place(only(compiled.problems)) == ("config.toml", 2, section, "default", "team")


def test_a_default_entry_cannot_be_referred_to(app: App) -> None:
    problem = only(app.compile('[DATA_NODE.default]\n[TASK.t]\ninputs = ["default"]').problems)
    assert "there is no data node 'default'" in problem.message
    assert "did you mean 'default'" not in problem.message


# -- references ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "field", "message"),
    [
        ('[TASK.t]\ninputs = ["swales:SECTION"]', "inputs", "no data node 'swales' (did you mean"),
        ('[TASK.t]\noutputs = ["sale"]', "outputs", "no data node 'sale' (did you mean 'sales'?)"),
        ('[TASK.t]\ninputs = ["qq"]', "inputs", "there is no data node 'qq'"),
        ('[SCENARIO.t]\ntasks = ["clea"]', "tasks", "no task 'clea' (did you mean 'clean'?)"),
        ('[SCENARIO.t]\nadditional_data_nodes = ["sals"]', "additional_data_nodes", "no data node"),
        ('[SCENARIO.t]\nsequences = {s = ["claen"]}', "sequences", "no task 'claen' (did you mean"),
    ],
)
def test_an_unknown_reference_is_an_error_that_names_the_nearest(
    app: App, lines: str, field: str, message: str
) -> None:
    problem = only(app.compile(f"[DATA_NODE.sales]\n[TASK.clean]\n{lines}").problems)
    assert place(problem) == ("config.toml", 4, lines[1 : lines.index(".")], "t", field)
    assert message in problem.message


def test_a_far_off_reference_has_no_guess(app: App) -> None:
    problem = only(app.compile('[DATA_NODE.sales]\n[TASK.t]\ninputs = ["qq"]').problems)
    assert problem.message == "there is no data node 'qq'"
    assert problem.value == "qq"


def test_a_plain_text_instead_of_a_list_is_an_error_that_shows_the_list(app: App) -> None:
    problem = only(app.compile('[DATA_NODE.x]\n[TASK.t]\ninputs = "x:SECTION"').problems)
    assert problem.message == 'must be a list: write ["x:SECTION"]'


def test_a_number_instead_of_a_list_is_an_error(app: App) -> None:
    problem = only(app.compile("[TASK.t]\ninputs = 3").problems)
    assert problem.message == "must be a list, not 3"


# -- lines --------------------------------------------------------------------------------


def test_lines_are_right_after_strings_and_arrays_of_many_lines(app: App) -> None:
    file = app.file(
        '''
        # a comment with [brackets] and "quotes
        [TAIPY]
        text = """
        [DATA_NODE.fake]
        fake = 1
        """
        literal = \'\'\'
        other = "
        \'\'\'
        list = [
          "a]", # ]
          [1, 2],
          "b",
        ]
        after = 1

        [DATA_NODE.real] # trailing
        scope = "GLOBAL:SCOPE"
        quote = "a \\" b"
        empty = ""
        closed = """one line"""
        last = 2
        '''
    )
    assert file.line("TAIPY") == 2
    assert file.line("TAIPY", "text") == 3
    assert file.line("TAIPY", "literal") == 7
    assert file.line("TAIPY", "list") == 10
    assert file.line("TAIPY", "after") == 15
    assert file.line("DATA_NODE", "real") == 17
    assert file.line("DATA_NODE", "real", "scope") == 18
    assert file.line("DATA_NODE", "real", "last") == 22


def test_the_line_of_what_is_not_there_is_that_of_the_table_around_it(app: App) -> None:
    file = app.file("[TAIPY]\na = 1\n[DATA_NODE.x]\n")
    assert file.line("DATA_NODE", "x", "scope") == 3
    assert file.line("DATA_NODE", "x", None) == 3
    assert file.line("TASK", "t") is None


def test_lines_are_right_for_dotted_and_quoted_keys(app: App) -> None:
    file = app.file(
        """
        [SCENARIO.plan]
        sequences.q = ["a"]
        sequences . "r" = ["b"]
        'tasks' = ["a"]
        ["DATA_NODE".'x']
        scope = 1
        """
    )
    assert file.line("SCENARIO", "plan", "sequences") == 2
    assert file.line("SCENARIO", "plan", "sequences", "q") == 2
    assert file.line("SCENARIO", "plan", "sequences", "r") == 3
    assert file.line("SCENARIO", "plan", "tasks") == 4
    assert file.line("DATA_NODE", "x") == 5
    assert file.line("DATA_NODE", "x", "scope") == 6


def test_lines_are_right_after_windows_paths_in_an_array(app: App) -> None:
    # The backslash before the closing quote is escaped itself: the string ends there.
    file = app.file(
        r"""
        [TAIPY]
        folders = ["C:\\data\\", "D:\\"]
        after = 1
        [DATA_NODE.x]
        scope = 1
        """
    )
    assert file.line("TAIPY", "after") == 3
    assert file.line("DATA_NODE", "x", "scope") == 5


def test_lines_are_right_after_an_escaped_backslash_that_ends_a_long_string(app: App) -> None:
    file = app.file(
        r'''
        [TAIPY]
        text = """
        C:\\"""
        after = 1
        '''
    )
    assert file.line("TAIPY", "after") == 4


def test_lines_are_right_after_characters_that_only_python_takes_for_line_ends(app: App) -> None:
    file = app.file('[TAIPY]\ntext = "one\u2028two\u0085three"\nafter = 1')
    assert file.line("TAIPY", "after") == 3


def test_lines_are_right_in_a_file_with_windows_line_ends(app: App) -> None:
    path = app.folder / "config.toml"
    path.write_bytes(b"[TAIPY]\r\na = 1\r\nb = 2\r\n")
    assert read_toml(path).line("TAIPY", "b") == 3


def test_a_byte_order_mark_is_no_part_of_the_text(app: App) -> None:
    path = app.folder / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf[TAIPY]\na = 1\n")
    assert read_toml(path).line("TAIPY", "a") == 2


# -- files that cannot be read ------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[JOB]\nmode = "x\nb = 1\n', 2, "not valid TOML"),
        ("[JOB]\na = 1\nb = = 2\n", 3, "in `b = = 2`"),
        ("[JOB]\na = 1\na = 2\n", 3, "not valid TOML"),
        ("[JOB]\n[DATA_NODE.x]\n[DATA_NODE.x]\n", 3, "not valid TOML"),
        ("[JOB]\na = [1,\n2\n", 3, "not valid TOML"),
        ("[JOB\n", 1, "not valid TOML"),
    ],
)
def test_invalid_toml_is_told_with_its_line(app: App, text: str, line: int, words: str) -> None:
    path = app.folder / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        read_toml(path)
    problem = only(list(caught.value.problems))
    assert (problem.file, problem.line) == (str(path), line)
    assert words in problem.message
    assert f"{path}:{line}" in caught.value.message


def test_a_missing_file_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no file .*nothing\.toml") as caught:
        read_toml(tmp_path / "nothing.toml")
    assert caught.value.hint


def test_a_folder_is_no_toml_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is a folder"):
        read_toml(tmp_path)


def test_a_file_that_is_not_utf_8_is_told_with_the_byte(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_bytes(b'[TAIPY]\na = "\xe9"\n')
    with pytest.raises(ConfigurationError, match=r"is not UTF-8 text \(byte 13\)"):
        read_toml(tmp_path / "c.toml")


# -- sections -----------------------------------------------------------------------------


def test_an_unknown_section_is_a_warning_with_the_nearest_name(app: App) -> None:
    problem = only(app.check("\n[DATANODE.x]\na = 1"), Level.WARNING)
    assert place(problem) == ("config.toml", 1, "DATANODE", None, None)
    assert problem.message == ("unknown section 'DATANODE' is ignored (did you mean 'DATA_NODE'?)")


def test_a_section_in_small_letters_is_a_warning_with_the_right_name(app: App) -> None:
    problem = only(app.check("[task.x]\na = 1"), Level.WARNING)
    assert "did you mean 'TASK'" in problem.message


def test_the_sections_of_other_packages_are_silent(app: App) -> None:
    assert app.check("[gui]\nport = 1\n[AUTHENTICATION]\na = 1\n[VERSION_MIGRATION]\nb = 1") == []


def test_a_pipeline_section_is_a_warning_about_its_age(app: App) -> None:
    assert "Taipy 2" in only(app.check("[PIPELINE.p]\ntasks = []"), Level.WARNING).message


def test_a_key_directly_under_a_section_of_entries_is_an_error(app: App) -> None:
    problem = only(app.check("[DATA_NODE]\na = 1"))
    assert place(problem) == ("config.toml", 2, "DATA_NODE", None, "a")
    assert "[DATA_NODE.name]" in problem.message


@pytest.mark.parametrize("section", ["JOB", "TASK", "TAIPY"])
def test_a_section_that_is_no_table_is_an_error(app: App, section: str) -> None:
    problem = only(app.check(f"{section} = 3"))
    assert place(problem) == ("config.toml", 1, section, None, None)


# -- ids ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("a-b", "use letters, digits and underscores"),
        ("1a", "no digit first"),
        ('"a b"', "use letters"),
        ("None", "a word of the Python language"),
        ("class", "a word of the Python language"),
        ("MY_TASK_1", "may not contain TASK"),
        ("xCYCLE", "may not contain CYCLE"),
        ("SCENARIOx", "may not contain SCENARIO"),
        ("SEQUENCE", "may not contain SEQUENCE"),
        ("DATANODE", "may not contain DATANODE"),
    ],
)
def test_an_invalid_id_is_an_error_at_its_line(app: App, id: str, words: str) -> None:
    problem = only(app.check(f"[DATA_NODE.ok]\n[DATA_NODE.{id}]"))
    assert place(problem) == ("config.toml", 2, "DATA_NODE", id.strip('"') or None, None)
    assert "is not a valid identifier" in problem.message
    assert words in problem.message


def test_an_empty_id_is_refused(app: App) -> None:
    assert "is not a valid identifier" in only(app.check('[DATA_NODE.""]')).message


@pytest.mark.parametrize("id", ["taskx", "DATA_NODE", '"größe"', "_x", "x1", "cycle_x"])
def test_other_ids_are_valid(app: App, id: str) -> None:
    assert app.check(f"[DATA_NODE.{id}]") == []


@pytest.mark.parametrize("section", ["TASK", "SCENARIO"])
def test_ids_of_tasks_and_scenarios_follow_the_same_rules(app: App, section: str) -> None:
    assert errors(app.check(f"[{section}.a-b]"))


def test_an_id_that_two_sections_use_is_an_error_in_both(app: App) -> None:
    found = errors(app.check("[DATA_NODE.a]\n[SCENARIO.a]"))
    assert [place(problem)[1:4] for problem in found] == [
        (1, "DATA_NODE", "a"),
        (2, "SCENARIO", "a"),
    ]
    assert "also used in SCENARIO" in found[0].message


TASK_RESERVED = {
    *("config_id", "version", "tasks", "cycle", "owner_id", "name", "properties"),
    *("creation_date", "is_primary", "sequences", "subscribers", "tags"),
    *("additional_data_nodes", "data_nodes"),
}
NODE_ONLY = {"input", "output", "function", "scope", "skippable", "parent_ids"}


@pytest.mark.parametrize("id", sorted(TASK_RESERVED | NODE_ONLY))
def test_a_reserved_id_of_a_data_node_is_an_error(app: App, id: str) -> None:
    problem = only(app.check(f"\n[DATA_NODE.{id}]"))
    assert place(problem)[1:4] == (1, "DATA_NODE", id)
    assert "is reserved" in problem.message


@pytest.mark.parametrize("id", sorted(TASK_RESERVED))
def test_a_reserved_id_of_a_task_is_an_error(app: App, id: str) -> None:
    text = f'[DATA_NODE.x]\n[TASK.{id}]\nfunction = "builtins.len:function"\ninputs = ["x"]'
    assert "is reserved" in only(app.check(text)).message


@pytest.mark.parametrize("id", sorted(NODE_ONLY))
def test_what_is_reserved_for_data_nodes_only_is_free_for_tasks(app: App, id: str) -> None:
    assert errors(app.check(f'[TASK.{id}]\nfunction = "builtins.len:function"')) == []


# -- keys ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "guess"),
    [
        ('[TASK.t]\ninput = ["x"]', "inputs"),
        ('[TASK.t]\noutput = ["x"]', "outputs"),
        ("[TASK.t]\nskipable = true", "skippable"),
        ("[JOB]\nmax_nb_of_worker = 2", "max_nb_of_workers"),
        ('[DATA_NODE.a]\nstoragetype = "csv"', "storage_type"),
        ('[DATA_NODE.a]\ndefault_pat = "a"', "default_path"),
        ("[SCENARIO.s]\ntask = []", "tasks"),
        ('[CORE]\nstorage_foldr = "x"', "storage_folder"),
    ],
)
def test_a_key_that_is_nearly_a_known_one_is_a_warning(app: App, text: str, guess: str) -> None:
    problem = only(app.compile(text).problems, Level.WARNING)
    assert problem.line == 2
    assert problem.field is not None
    assert problem.message == (
        f"unknown key {problem.field!r} is kept as a property (did you mean {guess!r}?)"
    )


@pytest.mark.parametrize(("section", "key"), [("TASK", "cache"), ("SCENARIO", "max_attempts")])
def test_a_key_of_job_in_another_section_is_a_warning(app: App, section: str, key: str) -> None:
    problem = only(app.compile(f'[{section}.t]\n{key} = "x"').problems, Level.WARNING)
    assert problem.message == f"unknown key {key!r} is kept as a property: {key} belongs in [JOB]"


@pytest.mark.parametrize("kind", ["csv", "json", "excel", "pickle"])
def test_a_path_that_is_a_folder_is_an_error_where_a_file_is_wanted(app: App, kind: str) -> None:
    (app.folder / "data").mkdir()
    text = f'[DATA_NODE.a]\nstorage_type = "{kind}"\ndefault_path = "data"'
    (problem,) = (p for p in app.check(text) if p.level is Level.ERROR)
    assert (problem.line, problem.field) == (3, "default_path")
    assert problem.message == "data is a folder: give the path of a file"


def test_a_folder_of_parquet_files_is_one_table(app: App) -> None:
    (app.folder / "data").mkdir()
    text = '[DATA_NODE.a]\nstorage_type = "parquet"\ndefault_path = "data"'
    assert not [p for p in app.check(text) if p.level is Level.ERROR]


def test_an_additional_property_is_no_warning(app: App) -> None:
    text = '[TASK.t]\nteam = "x"\n[JOB]\nteam = "x"\n[DATA_NODE.a]\nteam = "x"'
    assert app.compile(text).problems == []


# -- wrong types --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[JOB]\nmax_nb_of_workers = "4"', 'add the type, as in "4:int" or "ENV[NAME]:int"'),
        ("[JOB]\nmax_nb_of_workers = 1.5", "must be a whole number of 1 or more, not 1.5"),
        ("[JOB]\nmax_nb_of_workers = true", "must be a whole number of 1 or more, not True"),
        ("[JOB]\nmax_nb_of_workers = -1", "must be 1 or more, not -1"),
        ("[JOB]\nmax_attempts = 0", "must be 1 or more, not 0"),
        ("[JOB]\nmax_jobs_per_process = -1", "must be 0 or more, not -1"),
        ("[JOB]\ngrace = -1", "must be 0 or more, not -1"),
        ("[JOB]\nlog_limit = -1", "must be 0 or more, not -1"),
        ('[JOB]\nschedule = "lifo"', "must be critical-path or fifo, not 'lifo'"),
        ('[JOB]\ncheck_code = "no"', "must be refuse, warn or off, not 'no'"),
        ("[JOB]\ncheck_code = false", "must be a text, not False"),
        ('[JOB]\ngrace = "2"', 'as in "2:int"'),
        ("[JOB]\ngrace = true", "must be a number of seconds, not True"),
        ("[JOB]\nmode = 3", "must be a text, not 3"),
        ('[TASK.t]\nskippable = "yes"', 'as in "yes:bool" or "ENV[NAME]:bool"'),
        ('[DATA_NODE.a]\nscope = "GLOBAL"', 'must be a scope such as "GLOBAL:SCOPE"'),
        ('[DATA_NODE.a]\nvalidity_period = "1d"', '"1d0h0m0s:timedelta"'),
        ('[SCENARIO.s]\nfrequency = "DAILY"', '"DAILY:FREQUENCY"'),
        ("[SCENARIO.s]\ncomparators = 3", "must be a table, not 3"),
        ("[SCENARIO.s]\nsequences = []", "must be a table, not []"),
        ('[TASK.t]\nfunction = "a.b"', 'write "a.b:function"'),
        ("[TASK.t]\nfunction = 3", 'such as "module.name:function", not 3'),
        ('[TASK.t]\nfunction = "fn"', 'such as "module.name:function"'),
        ('[TASK.t]\nfunction = "fn:function"', "'fn' is not a function's full name"),
        ('[DATA_NODE.a]\nscope = "global:SCOPE"', "'global' is not a scope"),
        ('[DATA_NODE.a]\nteam = ["1:int", "x:int"]', "'x' is not an integer"),
        ('[TAIPY]\na = {b = {c = "x:bool"}}', "'x' is not a boolean"),
    ],
)
def test_a_value_of_the_wrong_type_is_an_error_with_the_way_to_write_it(
    app: App, text: str, words: str
) -> None:
    problem = only(app.compile(text).problems)
    assert words in problem.message
    assert problem.line == 2
    assert problem.field == text.split("\n")[1].split(" ")[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('[JOB]\nmax_nb_of_workers = "4"', "4"),
        ("[JOB]\nmax_nb_of_workers = -1", -1),
        ("[JOB]\nmax_attempts = 0", 0),
        ("[JOB]\ngrace = -1", -1),
        ('[DATA_NODE.a]\nscope = "GLOBAL"', "GLOBAL"),
        ('[TASK.t]\nfunction = "a.b"', "a.b"),
    ],
)
def test_a_problem_holds_the_value_that_it_is_about(app: App, text: str, value: object) -> None:
    assert only(app.compile(text).problems).value == value


def test_zero_workers_count_as_unset(app: App) -> None:
    config = app.compile("[JOB]\nmax_nb_of_workers = 0").raise_errors()
    assert config.job.workers == 2


def test_a_value_that_json_does_not_know_is_given_as_text() -> None:
    problem = Problem(message="no", value=dt.date(2024, 1, 2), section="JOB", line=3, file="c.toml")
    assert problem.as_json() == {
        "level": "ERROR",
        "file": "c.toml",
        "line": 3,
        "section": "JOB",
        "id": None,
        "field": None,
        "value": "datetime.date(2024, 1, 2)",
        "message": "no",
    }
    assert str(problem) == "c.toml:3 [JOB]: no"


# -- ENV ----------------------------------------------------------------------------------


def test_templates_are_resolved_everywhere(app: App) -> None:
    config = app.compile(
        """
        [JOB]
        mode = "ENV[MODE]"
        max_nb_of_workers = "ENV[N]:int"
        [DATA_NODE.a]
        storage_type = "ENV[KIND]"
        default_path = "ENV[FILE]"
        default_data = "ENV[N]:int"
        deep = [{a = ["ENV[N]:float"]}]
        [TASK.t]
        skippable = "ENV[YES]:bool"
        """,
        environ={"MODE": "standalone", "N": "4", "KIND": "csv", "FILE": "f.csv", "YES": "true"},
    ).raise_errors()
    assert (config.job.mode, config.job.max_nb_of_workers) == ("standalone", 4)
    node = config.data_nodes["a"]
    assert (node.storage_type, node.path, node.default_data) == ("csv", "f.csv", 4)
    assert node.deep == [{"a": [4.0]}]
    assert config.tasks["t"].skippable is True


def test_a_missing_variable_is_an_error_at_its_line(app: App) -> None:
    problem = only(app.compile('[JOB]\n\nmax_nb_of_workers = "ENV[N]:int"').problems)
    assert place(problem) == ("config.toml", 3, "JOB", None, "max_nb_of_workers")
    assert problem.message == "the environment variable N is not set"
    assert problem.value == "ENV[N]:int"


def test_a_variable_with_a_bad_value_is_an_error_that_shows_it(app: App) -> None:
    compiled = app.compile('[JOB]\nmax_nb_of_workers = "ENV[N]:int"', environ={"N": "many"})
    assert "holds 'many', which is not an integer" in only(compiled.problems).message


def test_a_number_from_a_template_without_a_type_is_an_error_with_the_way_to_write_it(
    app: App,
) -> None:
    compiled = app.compile('[JOB]\nmax_nb_of_workers = "ENV[N]"', environ={"N": "4"})
    assert '"ENV[NAME]:int"' in only(compiled.problems).message


def test_every_bad_template_inside_a_list_is_told(app: App) -> None:
    found = app.compile('[TAIPY]\na = ["ENV[P]", {b = "ENV[Q]"}]').problems
    assert [problem.message for problem in found] == [
        "the environment variable P is not set",
        "the environment variable Q is not set",
    ]


def test_a_template_that_gives_the_name_of_a_scope_is_no_scope(app: App) -> None:
    compiled = app.compile('[DATA_NODE.a]\nscope = "ENV[S]"', environ={"S": "GLOBAL"})
    assert 'must be a scope such as "GLOBAL:SCOPE"' in only(compiled.problems).message


# -- everything at once -------------------------------------------------------------------


def test_all_problems_are_told_at_once_in_the_order_of_the_file(app: App) -> None:
    problems = app.check(
        """
        [JOB]
        mode = "cloud"
        max_nb_of_workers = "4"

        [DATA_NODE.a]
        storage_type = "cvs"
        scope = "GLOBAL"

        [DATA_NODE.b]
        exposed_typ = "pandas"
        storage_type = "csv"
        exposed_type = "polar"

        [TASK.t]
        function = "a.b"
        inputs = ["nowhere"]
        outputs = ["b"]

        [SCENARIO.s]
        tasks = ["t", "u"]
        """
    )
    assert [(p.level.value, *place(p)) for p in problems] == [
        ("ERROR", "config.toml", 2, "JOB", None, "mode"),
        ("ERROR", "config.toml", 3, "JOB", None, "max_nb_of_workers"),
        ("ERROR", "config.toml", 6, "DATA_NODE", "a", "storage_type"),
        ("ERROR", "config.toml", 7, "DATA_NODE", "a", "scope"),
        ("WARNING", "config.toml", 10, "DATA_NODE", "b", "exposed_typ"),
        ("ERROR", "config.toml", 12, "DATA_NODE", "b", "exposed_type"),
        ("ERROR", "config.toml", 15, "TASK", "t", "function"),
        ("ERROR", "config.toml", 16, "TASK", "t", "inputs"),
        ("ERROR", "config.toml", 20, "SCENARIO", "s", "tasks"),
    ]


def test_one_error_names_itself_and_counts_the_others(app: App) -> None:
    compiled = app.compile('[JOB]\nmode = 3\nmax_attempts = "x"\n[TASK.t]\nskipable = 1')
    with pytest.raises(ConfigurationError, match=r"config\.toml:2 \[JOB\] mode: .* \(and 1 more\)"):
        compiled.raise_errors()


def test_warnings_alone_do_not_refuse_the_configuration(app: App) -> None:
    compiled = app.compile("[TASK.t]\nskipable = true")
    assert compiled.raise_errors() is compiled.config


# -- the checker --------------------------------------------------------------------------


def test_an_unknown_mode_is_an_error_with_the_known_ones(app: App) -> None:
    problem = only(app.check('[JOB]\nmode = "standalon"'))
    assert problem.message == (
        "unknown mode 'standalon'; use development, standalone (did you mean 'standalone'?)"
    )


def test_a_mode_that_cannot_be_used_is_an_error_with_the_reason(app: App) -> None:
    assert only(app.check('[JOB]\nmode = "cluster"')).message == "the mode cluster comes later"


@pytest.mark.parametrize(
    ("text", "level", "words"),
    [
        ('[CORE]\nrepository_type = "mongo"', Level.WARNING, "neither filesystem nor sql"),
        ('[CORE]\nmode = "productive"', Level.ERROR, "unknown version mode 'productive'"),
        ('[CORE]\ncore_version = "3.1.0"', Level.ERROR, "the file is of Taipy 3.1.0"),
        ('[CORE]\ncore_version = "4.0.2"', Level.ERROR, "the file is of Taipy 4.0.2"),
        ('[DATA_NODE.a]\nstorage_type = "pickel"', Level.ERROR, "(did you mean 'pickle'?)"),
        (
            '[DATA_NODE.a]\ndb_host = "me:secret@host"\nstorage_type = "sql"\n'
            'db_engine = "sqlite"\ndb_name = "n"\nread_query = "q"\n'
            'write_query_builder = "builtins.str:function"',
            Level.ERROR,
            "must be the name of a host",
        ),
        ('[DATA_NODE.a]\n_entity_owner = "x"', Level.ERROR, "_entity_owner is reserved"),
    ],
)
def test_a_value_that_makes_no_sense_is_found(
    app: App, text: str, level: Level, words: str
) -> None:
    problem = only(app.check(text), level)
    assert words in problem.message
    assert problem.line == 2


@pytest.mark.parametrize("version", ["4.1.0", "4.1.1.dev0", "3.0", ""])
def test_a_fitting_core_version_or_none_is_accepted(app: App, version: str) -> None:
    assert app.check(f'[CORE]\ncore_version = "{version}"') == []


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ('exposed_type = "polar"', "unknown exposed type 'polar'; use pandas, numpy, polars"),
        ('exposed_type = "nunpy"', "(did you mean 'numpy'?)"),
        ("exposed_type = 3", "3 is no exposed type; use pandas"),
        ('exposed_type = ["pandas"]', "['pandas'] is no exposed type"),
        ('exposed_type = "modin"', "unknown exposed type 'modin'"),
        ("encoding = 3", "must be a text, not 3"),
        ('encoding = "utf-9"', "unknown text encoding 'utf-9'"),
        ('has_header = "no"', "must be True or False, not 'no'"),
        ("path = 3", "must be a path, not 3"),
        ("default_path = 3", "must be a path, not 3"),
    ],
)
def test_a_wrong_property_of_a_csv_data_node_is_found(app: App, key: str, words: str) -> None:
    problem = only(app.check(f'[DATA_NODE.a]\nstorage_type = "csv"\n{key}'))
    assert words in problem.message
    assert place(problem)[1:] == (3, "DATA_NODE", "a", key.split(" ")[0])


@pytest.mark.parametrize(
    ("kind", "key", "words"),
    [
        ("parquet", 'engine = "arrow"', "unknown engine 'arrow'; use pyarrow, fastparquet"),
        ("parquet", "engine = 1", "unknown engine 1; use pyarrow, fastparquet"),
        (
            "parquet",
            'compression = "gzipp"',
            "gzip, brotli, none (did you mean 'gzip'?)",
        ),
        ("parquet", 'read_kwargs = "a"', "must be a table of arguments, not 'a'"),
        ("parquet", "write_kwargs = [1]", "must be a table of arguments, not [1]"),
        ("parquet", 'exposed_type = {a = "numpy"}', "is no exposed type"),
        ("excel", "sheet_name = 1", "must be the name of a sheet or a list of names, not 1"),
        ("excel", 'sheet_name = ""', "must be the name of a sheet or a list of names, not ''"),
        ("excel", 'sheet_name = ["a", 1]', "1 is no name of a sheet: it must be a text"),
        ("excel", 'sheet_name = "a/b"', r"'a/b' is no name of a sheet: it must be without [ ] : *"),
        ("excel", 'sheet_name = ["a", "A"]', "Excel ignores upper and lower case"),
        ("excel", 'exposed_type = ["numpy", "nunpy"]', "unknown exposed type 'nunpy'"),
        ("excel", 'exposed_type = {a = "nunpy"}', "unknown exposed type 'nunpy'"),
        ("excel", "exposed_type = [true]", "True is no exposed type"),
        ("excel", 'has_header = "no"', "must be True or False, not 'no'"),
        ("sql", 'exposed_type = "nunpy"', "unknown exposed type 'nunpy'"),
    ],
)
def test_a_wrong_property_of_a_table_is_found(app: App, kind: str, key: str, words: str) -> None:
    problems = app.check(f'[DATA_NODE.a]\nstorage_type = "{kind}"\n{key}')
    name = key.split(" ")[0]
    problem = only([found for found in problems if found.field == name])
    assert words in problem.message
    assert place(problem)[1:] == (3, "DATA_NODE", "a", name)


def test_exposed_types_of_sheets_must_be_as_many_as_the_sheets(app: App) -> None:
    text = '[DATA_NODE.a]\nstorage_type = "excel"\nsheet_name = "one"\nexposed_type = '
    assert app.check(text + '["numpy"]') == []
    assert "2 types for 1 sheets" in only(app.check(text + '["numpy", "pandas"]')).message


@pytest.mark.parametrize(
    "text",
    [
        *(f'exposed_type = "{name}"' for name in ("pandas", "numpy", "polars", "pyarrow")),
        'exposed_type = "json.JSONEncoder:class"',
        'exposed_type = ["numpy", "json.JSONEncoder:class"]',
        'exposed_type = {one = "numpy", two = "json.JSONEncoder:class"}',
        'sheet_name = "one"',
        'sheet_name = ["one", "two"]',
    ],
)
def test_what_fits_a_workbook_is_accepted(app: App, text: str) -> None:
    assert app.check(f'[DATA_NODE.a]\nstorage_type = "excel"\n{text}', imports=True) == []


@pytest.mark.parametrize(
    "text",
    [
        *(f'engine = "{name}"' for name in ("pyarrow", "fastparquet")),
        *(f'compression = "{name}"' for name in ("snappy", "gzip", "brotli", "none")),
        'read_kwargs = {columns = ["a"]}',
        "write_kwargs = {index = false}",
    ],
)
def test_what_fits_parquet_is_accepted(app: App, text: str) -> None:
    assert app.check(f'[DATA_NODE.a]\nstorage_type = "parquet"\n{text}') == []


def test_in_memory_is_refused_outside_development_mode(app: App) -> None:
    text = '[DATA_NODE.a]\nstorage_type = "in_memory"\n[JOB]\nmode = '
    assert app.check(text + '"development"') == []
    problem = only(app.check(text + '"standalone"'))
    assert place(problem) == ("config.toml", 2, "DATA_NODE", "a", "storage_type")
    assert "development mode only" in problem.message


def test_in_memory_of_the_default_entry_is_refused_too(app: App) -> None:
    text = '[DATA_NODE.default]\nstorage_type = "in_memory"\n[JOB]\nmode = "standalone"'
    assert place(only(app.check(text)))[3] == "default"


def test_in_memory_is_refused_in_a_mode_of_a_plug_in_too(app: App) -> None:
    compiled = app.compile('[DATA_NODE.a]\nstorage_type = "in_memory"\n[JOB]\nmode = "mine"')
    assert errors(check(compiled, modes={"mine": None}, storage_types=STORAGE))


def test_a_task_without_a_function_is_an_error_at_its_table(app: App) -> None:
    problems = app.check('[DATA_NODE.x]\n\n[TASK.t]\ninputs = ["x"]\noutputs = []')
    problem = only(problems)
    assert problem.message == 'is missing: write function = "module.name:function"'
    assert place(problem) == ("config.toml", 3, "TASK", "t", "function")


def test_a_task_without_inputs_or_outputs_is_a_warning(app: App) -> None:
    found = app.check('[TASK.t]\nfunction = "builtins.len:function"')
    assert [(p.level, p.field) for p in found] == [
        (Level.WARNING, "inputs"),
        (Level.WARNING, "outputs"),
    ]
    assert [p.line for p in found] == [1, 1]


def test_a_scenario_without_tasks_is_a_warning_at_its_table(app: App) -> None:
    problem = only(app.check("[DATA_NODE.x]\n[SCENARIO.s]"), Level.WARNING)
    assert problem.message == "the scenario has no tasks"
    assert problem.line == 2


def test_an_unknown_reference_is_not_also_told_as_an_empty_list(app: App) -> None:
    text = '[DATA_NODE.x]\n[TASK.t]\nfunction = "builtins.len:function"\noutputs = ["x"]\n'
    found = app.check(text + 'inputs = ["nope"]')
    assert [problem.level for problem in found] == [Level.ERROR]


TWO = """
    [DATA_NODE.x]
    [DATA_NODE.y]
    [DATA_NODE.z]
    [DATA_NODE.other]
    [TASK.a]
    function = "builtins.len:function"
    inputs = ["x"]
    outputs = ["y"]
    [TASK.b]
    function = "builtins.len:function"
    inputs = ["y"]
    outputs = ["z"]
    [TASK.c]
    function = "builtins.len:function"
    inputs = ["x"]
    outputs = ["other"]
    [SCENARIO.s]
    tasks = ["a", "b", "c"]
"""


def test_a_cycle_is_an_error_with_its_path(app: App) -> None:
    problem = only(app.check(TWO.replace('outputs = ["z"]', 'outputs = ["z", "x"]')))
    assert problem.message == "the tasks form a cycle: a -> b -> a"
    assert place(problem) == ("config.toml", 18, "SCENARIO", "s", "tasks")


def test_a_task_that_reads_what_it_writes_is_a_cycle_even_outside_a_scenario(app: App) -> None:
    lines = '[DATA_NODE.x]\n[TASK.t]\nfunction = "builtins.len:function"\n'
    lines += 'inputs = ["x"]\noutputs = ["x"]\n'
    assert only(app.check(lines)).message == "reads and writes x: a cycle"
    problem = only(app.check(lines + '[SCENARIO.s]\ntasks = ["t"]'))
    assert problem.message == "the tasks form a cycle: t -> t"


def test_two_writers_of_one_node_are_a_warning_that_names_them(app: App) -> None:
    problem = only(app.check(TWO.replace('outputs = ["other"]', 'outputs = ["z"]')), Level.WARNING)
    assert "2 tasks write the data node 'z' (b, c)" in problem.message
    assert problem.line == 18


def test_a_connected_sequence_is_fine(app: App) -> None:
    assert app.check(TWO + '    sequences = {q = ["a", "b"], r = ["a", "c"], all = ["a"]}') == []


def test_an_unconnected_sequence_is_an_error_that_names_the_parts(app: App) -> None:
    problem = only(app.check(TWO + '    sequences = {q = ["b", "c"]}'))
    assert problem.message == "sequence 'q': its tasks share no data node: {b} and {c}"
    assert place(problem) == ("config.toml", 19, "SCENARIO", "s", "sequences")


def test_a_sequence_that_a_later_task_connects_is_fine(app: App) -> None:
    assert app.check(TWO + '    sequences = {q = ["b", "c", "a"]}') == []


def test_a_sequence_with_a_task_of_another_scenario_is_an_error(app: App) -> None:
    text = TWO.replace('["a", "b", "c"]', '["a"]') + '    sequences = {q = ["a", "b"]}'
    problem = only(app.check(text))
    assert "names the task 'b', which is not among the scenario's tasks" in problem.message


def test_an_additional_data_node_that_a_task_uses_is_a_warning(app: App) -> None:
    problem = only(app.check(TWO + '    additional_data_nodes = ["x"]'), Level.WARNING)
    assert problem.message == "'x' is a data node of a task already"
    assert problem.line == 19


def test_a_comparator_of_an_unknown_node_is_an_error(app: App) -> None:
    problem = only(app.check(TWO + '    comparators = {othr = "builtins.max:function"}'))
    assert problem.message == "there is no data node 'othr' (did you mean 'other'?)"


def test_a_comparator_that_is_no_function_is_an_error(app: App) -> None:
    problem = only(app.check(TWO + '    comparators = {x = ["max"]}'))
    assert "the comparator of 'x' must be a function" in problem.message


@pytest.mark.parametrize(
    ("addition", "name"),
    [
        ('    x = "a property"', "x"),
        ('    b = "a property"', "b"),
        ('    sequences = {c = ["a"]}', "c"),
        ('    sequences = {y = ["a"]}', "y"),
    ],
)
def test_two_meanings_of_a_name_in_a_scenario_are_an_error(
    app: App, addition: str, name: str
) -> None:
    problem = only(app.check(TWO + addition))
    assert f"the name {name!r} is used for two" in problem.message
    assert problem.id == "s"


def test_a_property_of_a_task_with_the_name_of_its_data_node_is_an_error(app: App) -> None:
    problem = only(app.check(TWO.replace("[TASK.b]", "[TASK.b]\n    y = 1")))
    assert "the property 'y' has the name of a data node" in problem.message
    assert place(problem)[1:] == (10, "TASK", "b", "y")


# -- imports ------------------------------------------------------------------------------


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on sys.path whose modules are forgotten afterwards."""
    folder = tmp_path / "modules"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        del sys.modules[name]


def task(path: str) -> str:
    return f"""
        [DATA_NODE.x]
        [DATA_NODE.y]
        [TASK.t]
        function = "{path}:function"
        inputs = ["x"]
        outputs = ["y"]
    """


def test_a_function_that_can_be_imported_is_fine(app: App, modules: Path) -> None:
    (modules / "exec_algos.py").write_text("def f(x): return x\nclass C: pass\n")
    assert app.check(task("exec_algos.f"), imports=True) == []
    assert app.check(task("exec_algos.C"), imports=True) == []


def test_a_missing_module_is_an_error_at_the_function(app: App, modules: Path) -> None:
    problem = only(app.check(task("exec_nowhere.f"), imports=True))
    assert place(problem) == ("config.toml", 4, "TASK", "t", "function")
    assert "there is no module 'exec_nowhere' for exec_nowhere.f" in problem.message
    assert problem.value == "exec_nowhere.f"


def test_a_missing_module_inside_a_package_is_named_in_full(app: App, modules: Path) -> None:
    (modules / "exec_pkg").mkdir()
    (modules / "exec_pkg" / "__init__.py").write_text("")
    problem = only(app.check(task("exec_pkg.nope.f"), imports=True))
    assert "there is no module 'exec_pkg.nope'" in problem.message


def test_a_missing_function_is_an_error_with_the_file_to_mend(app: App, modules: Path) -> None:
    (modules / "exec_algos.py").write_text("def f(x): return x\n")
    problem = only(app.check(task("exec_algos.g"), imports=True))
    assert "there is no 'g' in module 'exec_algos'" in problem.message
    assert str(modules / "exec_algos.py") in problem.message


def test_a_name_that_is_no_function_is_an_error(app: App, modules: Path) -> None:
    (modules / "exec_algos.py").write_text("f = 3\n")
    problem = only(app.check(task("exec_algos.f"), imports=True))
    assert "exec_algos.f is an int, not a function" in problem.message


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("raise ValueError('no luck')", "importing exec_bad raised ValueError: no luck"),
        ("def f(:\n", "importing exec_bad raised SyntaxError"),
        ("import exec_not_there", "needs the module 'exec_not_there', which is not installed"),
        ("raise SystemExit(3)", "importing exec_bad raised SystemExit: 3"),
        ("1 / 0", "importing exec_bad raised ZeroDivisionError"),
    ],
)
def test_an_import_that_raises_is_an_error_with_what_it_raised(
    app: App, modules: Path, source: str, words: str
) -> None:
    (modules / "exec_bad.py").write_text(source)
    problem = only(app.check(task("exec_bad.f"), imports=True))
    assert words in problem.message
    assert problem.line == 4


def test_nothing_is_imported_unless_it_is_asked_for(app: App, modules: Path) -> None:
    (modules / "exec_bad.py").write_text("raise ValueError")
    assert app.check(task("exec_bad.f"), imports=False) == []
    assert "exec_bad" not in sys.modules


def test_a_class_that_is_not_found_is_an_error(app: App, modules: Path) -> None:
    (modules / "exec_rows.py").write_text("class Outer:\n    class Row: pass\n")
    text = '[DATA_NODE.a]\nstorage_type = "csv"\nexposed_type = "exec_rows.Outer.{}:class"'
    assert app.check(text.format("Row"), imports=True) == []
    problem = only(app.check(text.format("Nope"), imports=True))
    assert problem.message == "there is no class exec_rows.Outer.Nope"
    assert problem.line == 3


def test_a_class_whose_module_raises_is_an_error_with_what_it_raised(
    app: App, modules: Path
) -> None:
    (modules / "exec_bad.py").write_text("raise ValueError('no luck')")
    text = '[DATA_NODE.a]\nstorage_type = "json"\nencoder = "exec_bad.C:class"'
    assert "ValueError: no luck" in only(app.check(text, imports=True)).message


def test_functions_inside_comparators_and_properties_are_imported_too(
    app: App, modules: Path
) -> None:
    text = (
        TWO + '    comparators = {x = "exec_no1.f:function"}\n    deep = {a = ["exec_no2.C:class"]}'
    )
    found = errors(app.check(text, imports=True))
    assert [problem.field for problem in found] == ["comparators", "deep"]


def test_a_class_reference_loads_nested_classes() -> None:
    assert ClassRef("test_compile_and_check.App").load().__name__ == "App"


@pytest.mark.parametrize(
    ("kind", "meant"), [("xlsx", "excel"), ("XLS", "excel"), ("pkl", "pickle"), ("jso", "json")]
)
def test_what_people_call_a_storage_type_leads_to_its_name(app: App, kind: str, meant: str) -> None:
    problem = only(app.check(f'[DATA_NODE.a]\nstorage_type = "{kind}"\n'))
    assert f"(did you mean {meant!r}?)" in problem.message
