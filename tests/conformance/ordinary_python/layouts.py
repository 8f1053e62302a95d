"""Modules and imports."""

import importlib
import sys

import house.attic
import house.cellar.wine
from house import cellar, effects, ground
from house.ground import *


def relative_import():
    """a package with relative imports"""
    return house.attic.above()


def star_import():
    """`from module import *`"""
    return exported()


def package_without_an_init():
    """a package without `__init__.py`"""
    return cellar.wine.year


def import_for_effect():
    """a module that is imported for its effect"""
    return sorted(effects.TABLE)


def circular_import():
    """two modules that import each other"""
    return ground.from_the_attic()


def import_inside():
    """an import inside the function"""
    from house.cellar.wine import year

    return year


def import_by_name():
    """`importlib.import_module`"""
    return importlib.import_module("house.cellar.wine").year


def import_that_fails():
    """an import that fails"""
    import there_is_no_such_module  # noqa: F401


def module_of_the_class():
    """a class of a module is the same class"""
    return house.attic.Attic is sys.modules["house.attic"].Attic


def constant_of_a_module():
    """a constant that another module has changed"""
    return house.attic.HEIGHT


def file_beside_the_module():
    """a file next to the module, by `__file__`"""
    return ground.beside()
