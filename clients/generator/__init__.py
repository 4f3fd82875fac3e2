"""Makes tables in several languages from one description of the interface."""

from . import asyncapi, csharp, java, page, python, typescript
from .model import ROOT, Api

__all__ = ["FILES", "ROOT", "Api"]

# Each takes the description and gives texts by path.
FILES = [typescript.files, python.files, python.async_operations, csharp.files, java.files, asyncapi.files, page.files]
