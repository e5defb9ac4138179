"""How far a call is: hf_progress_fn."""

from __future__ import annotations

from ctypes import CFUNCTYPE, c_uint64, c_void_p
from functools import partial
from typing import Any, Callable, Optional, TypeVar

from ._calls import Gate, Interrupted, call_back, callback, relayed, unrelayed

T = TypeVar("T")
Progress = Optional[Callable[[int, int], None]]
"""Called with the bytes so far, and how many there will be (0: not known yet)."""

Function = CFUNCTYPE(None, c_void_p, c_uint64, c_uint64)


class Teller:
    """Tells a callable of the host's how far a call is. No exception can pass through the library:
    the first one is kept, and raised once the call is over; from then on nothing more is told.

    :param gate: of the handle that the call uses, which cannot be closed meanwhile
    """

    def __init__(self, progress: Progress, gate: Optional[Gate] = None) -> None:
        raised: list[BaseException] = []

        def tell(_: Any, done: int, total: int) -> None:
            try:
                if progress is not None and not raised:
                    call_back(gate, progress, done, total)
            except BaseException as error:  # noqa: B902 - it must not pass through the library
                raised.append(error)

        if progress is not None:
            callback(progress, "progress")
        self._asked, self._gate, self._raised = progress is not None, gate, raised
        self.function = Function(tell) if self._asked else Function(0)
        """For an argument, or for a member of a struct; NULL where nothing is to be told."""

    def call(self, body: Callable[[], T], undo: Optional[Callable[[T], None]] = None) -> T:
        """Makes the call, so that Ctrl-C ends it.

        :param undo: gives back what it gave, if that cannot be handed on
        """
        raised = self._raised
        try:
            value = relayed(body, undo=undo, gate=self._gate, calls_back=self._asked)
            if raised:
                if undo is not None:
                    unrelayed(partial(undo, value))
                raise raised[0]
            return value
        except BaseException as error:
            # Of two failures neither is lost.
            if raised and error is not raised[0] and not isinstance(raised[0], Interrupted):
                error.__context__ = raised[0]
            raise
        finally:
            raised.clear()  # a traceback leads back to this frame
