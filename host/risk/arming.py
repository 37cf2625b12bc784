"""Arming from the host: ask, sign, answer, and see what came of it."""

import time
from collections.abc import Callable
from typing import Final

from host.device.base import DeviceError
from host.risk.operator_key import OperatorKey
from host.risk.registers import GateRegisters, let_pass
from hw.arming import Scope, arming_answer

__all__ = ["ArmingRefusedError", "answer_challenge", "give_key"]

_WAIT_S: Final = 2.0
_LOCKED: Final = 1 << 4  # of risk_status
_JUDGING: Final = 256  # cycles, many more than an answer is judged for
_WORD: Final = (1 << 32) - 1


class ArmingRefusedError(DeviceError):
    """The gate refused an ask or an answer, or could not do what was asked."""


def give_key(gate: GateRegisters, key: OperatorKey) -> None:
    """Give the gate the key of an operator: possible once after each reset.

    Raises
    ------
    ArmingRefusedError
        If that operator has a key already.
    """
    before = gate.read("operator_key_refused")
    for word, value in enumerate(key.words()):
        gate.write("operator_key", value, 4 * key.operator + word)
    if gate.read("operator_key_refused") != before:
        raise ArmingRefusedError(
            f"operator {key.operator} has a key already; keys are set once after a reset"
        )


def answer_challenge(
    gate: GateRegisters,
    key: OperatorKey,
    *,
    scope: Scope,
    instruments: int = 0,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Ask for a challenge, sign it, and wait until the gate has granted what was asked for.

    Parameters
    ----------
    gate : GateRegisters
        The device.
    key : OperatorKey
        Who asks.
    scope : Scope
        What for.
    instruments : int
        Mask of the instruments whose kills and halts are to end.
    monotonic : callable
        Clock [s].

    Raises
    ------
    ArmingRefusedError
        If the gate refused; nothing has changed then.
    PermissionError
        If the worker refused the ask.
    """
    if gate.read("risk_status") & _LOCKED:
        raise ArmingRefusedError("arming is locked out after refused answers; wait a second")
    failures = gate.read("arm_failures")
    gate.write("arm_instruments", instruments)
    gate.write("arm_ask", key.operator | int(scope) << 8)

    def refused() -> bool:
        return gate.read("arm_failures") != failures

    def asked() -> bool:
        return bool(gate.read("arm_challenge")) or refused()

    _await(asked, monotonic, "the gate gave no challenge")
    challenge = gate.read("arm_challenge")
    if refused() or not challenge:
        raise ArmingRefusedError(f"the gate refused the ask: has operator {key.operator} a key?")
    answer = arming_answer(
        key.key, challenge=challenge, operator=key.operator, scope=scope, instruments=instruments
    )
    gate.write("arm_answer", answer & _WORD, 0)
    gate.write("arm_answer", answer >> 32, 1)
    let_pass(gate, _JUDGING)
    if refused():
        raise ArmingRefusedError("the gate refused the answer: is this the key that it has?")


def _await(done: Callable[[], bool], monotonic: Callable[[], float], text: str) -> None:
    deadline = monotonic() + _WAIT_S
    while not done():
        if monotonic() > deadline:
            raise ArmingRefusedError(f"{text} in {_WAIT_S:.0f} s")
