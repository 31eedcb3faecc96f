"""The one exception that use cases raise for what a caller may not, cannot, or must do differently."""

from __future__ import annotations

from medreg_core.contract.v1.faults import FaultCode


class ServiceFault(Exception):
    """A request that is refused; nothing was changed. Carries a code and its parameters, never a sentence."""

    def __init__(self, code: FaultCode, **params: str) -> None:
        super().__init__(code.value)
        self.code = code
        self.params = params
