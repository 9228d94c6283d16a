"""How the kernels are compiled: by numba, without Python's lock, kept on disk where that can be written."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

P = ParamSpec("P")
T = TypeVar("T")


def compiled(function: Callable[P, T]) -> Callable[P, T]:
    """Compiled at the first call for each combination of types (seconds); later starts take it from the cache.

    numba keeps the code in `__pycache__` beside the module or, where the installation is read-only, in the user's cache
    folder; where neither can be written, every process compiles anew. The cache sees changes of the function's own file
    only, so a compiled function calls none of another file.
    """
    try:
        kept: Callable[P, T] = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # "no locator available": there is nowhere to write to
        kept = numba.njit(nogil=True)(function)
    return kept
