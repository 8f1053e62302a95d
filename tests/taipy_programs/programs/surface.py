"""What of a product a program can call: `main.py PRODUCT` writes it to record.json."""

import importlib
import inspect
import json
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
tp = importlib.import_module(sys.argv[1])
HOMES = ("taipy.core", "taipy_exec", "builtins")
ENTITIES = ("Cycle", "DataNode", "Job", "Orchestrator", "Scenario", "Sequence", "Submission")


def parameters(function):
    """Names, kinds and defaults."""
    found = inspect.signature(function).parameters.values()
    return [[p.name, p.kind.name, str(p.default)] for p in found]


def members(kind):
    """Methods with their parameters, and None for everything else that is public."""
    found = {name: inspect.getattr_static(kind, name) for name in dir(kind)}
    return {
        name: parameters(member) if inspect.isfunction(member) else None
        for name, member in found.items()
        if not name.startswith("_")
    }


names = {name: getattr(tp, name) for name in dir(tp) if not name.startswith("_")}
names |= {name: getattr(tp, name) for name in getattr(tp, "__all__", ())}
core = {n: v for n, v in names.items() if str(getattr(v, "__module__", "")).startswith(HOMES)}
record = {
    "names": sorted(core),
    "functions": {n: parameters(v) for n, v in names.items() if inspect.isfunction(v)},
    "entities": {name: members(names[name]) for name in (*ENTITIES, "Task")},
}
Path("record.json").write_text(json.dumps(record))
