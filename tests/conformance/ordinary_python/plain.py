# Calls one case as a plain script does: python plain.py MODULE CASE

import asyncio
import importlib
import os
import sys

import record

module, name = sys.argv[1:]
del sys.argv[1:]
own = os.getpid()
try:
    value = getattr(importlib.import_module(module), name)()
    if asyncio.iscoroutine(value):
        value = asyncio.run(value)
except BaseException as error:
    if os.getpid() == own:
        (record.OUT / f"{name}.raised").write_text(type(error).__name__)
    raise
if os.getpid() == own:
    record.write(value, name)
