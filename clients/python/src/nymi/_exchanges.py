"""Requests that wait for their answers: what both clients do alike."""

from __future__ import annotations

from typing import Any

from . import _calls
from ._calls import DEFAULT_TIMEOUT, Call
from ._generated import Status
from ._handle import Handle, encoded
from ._updates import Router, Take, Update
from .errors import NymiError, NymiTimeoutError


class Exchanges:
    """Begins requests, and gives them up."""

    def __init__(self, handle: Handle, router: Router) -> None:
        self._handle = handle
        self._router = router

    def begin(self, call: Call[Any], name: str, timeout: float, take: Take) -> None:
        """Sends a request; its answer goes to `take`.

        :raises NymiError: it was not sent. After any other exception nobody knows: `give_up`.
        """
        # First, as no answer is to be expected to what cannot be written.
        request = encoded("payload", call.text(name, timeout))
        self._router.expect(name, take)
        try:
            self._handle.put(request, "payload")
        except NymiError:
            self._router.forget(name, take)
            raise

    def give_up(self, name: str, take: Take) -> None:
        """Cancels a request at the agent, unless it was answered or never named. No answer goes to `take` any more."""

        def nobody(update: Update) -> None:
            pass

        def cancelled(update: Update) -> None:
            # The agent does not know the request: it was not sent.
            if update.status != Status.SUCCESS:
                self._router.forget(name, nobody)

        if not self._router.replace(name, take, nobody):
            return
        try:
            self.begin(_calls.cancel(name), self._router.name(), DEFAULT_TIMEOUT, cancelled)
        except NymiError:
            # Nothing can be sent any more, as after `close`.
            self._router.forget(name, nobody)


def no_answer(call: Call[Any], timeout: float) -> NymiTimeoutError:
    """What is raised for a request that neither agent nor library answered."""
    return NymiTimeoutError(Status.TIMEOUT_NES, f"No answer within {timeout:g} s.", operation=str(call.operation))
