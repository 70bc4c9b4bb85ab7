"""Writes typed clients: a Python class with one method for each command of a model.

:func:`generate_module` turns a model's OpenAPI document into the text of a module;
:mod:`reactor_env.codegen.compact` reads the short form that the documents of
:mod:`reactor_env.models` are written in, and :mod:`reactor_env.codegen.bundled` writes that
package. ``docs/models.md`` describes the classes.
"""

from reactor_env.codegen.errors import SchemaError
from reactor_env.codegen.module import generate_module

__all__ = ["SchemaError", "generate_module"]
