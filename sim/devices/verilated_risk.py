"""The ``verilated_risk`` device: the gateware with its risk gate, cycle for cycle."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from host.device.base import DeviceError
from hw.presets import BookParameters
from hw.registers import LIMITS, REGISTERS, RISK_REGISTERS, map_id
from hw.risk_parameters import RiskParameters
from sim.devices.checks import check_requests
from sim.devices.verilated import VerilatedDevice
from sim.verilator.build import library_path
from sim.verilator.library import RiskHarness

__all__ = ["VerilatedRiskDevice"]

_LIMIT_REGISTERS: Final = {name: row for table in LIMITS.values() for name, row in table.items()}
_CHUNK: Final = 1 << 14  # requests a call, so that an interrupt is seen within a second
_RUN: Final = 1 << 18  # cycles a call, for the same reason

Records = NDArray[np.void]


class VerilatedRiskDevice(VerilatedDevice):
    """Book engine and risk gate in simulation, every cycle of them.

    As ``VerilatedDevice``, with requests, orders and risk events beside updates and events. The two
    sides share one clock: requests that wait are sent while updates are transferred, and what
    leaves while another method runs is kept for ``exchange`` and ``collect``. After reset every
    limit is 0 and the gate denies every order. A restart (``control``) loses no risk event.

    Parameters
    ----------
    parameters : BookParameters
        Size of the engine.
    risk : RiskParameters, optional
        Size of the gate; by default its usual size, with the books and the ticks of the engine.
    seed : int
        As of ``VerilatedDevice``.
    idle, stall : float
        As of ``VerilatedDevice``, of every input and every output.

    Attributes
    ----------
    name, parameters, cycle_accurate, risk
        As in ``host.device.base.RiskDevice``.

    Raises
    ------
    DeviceError, DeviceMismatchError
        As ``VerilatedDevice``.
    ValueError
        If an argument is out of range, or the sizes do not fit each other.
    """

    name: str = "verilated_risk"
    _registers = REGISTERS | RISK_REGISTERS | _LIMIT_REGISTERS
    _ready_when = ("status", "risk_status")
    _harness: RiskHarness

    def __init__(
        self,
        parameters: BookParameters,
        risk: RiskParameters | None = None,
        *,
        seed: int = 0,
        idle: float = 0.0,
        stall: float = 0.0,
    ) -> None:
        if risk is None:
            risk = RiskParameters.beside(parameters)
        self.risk = risk
        # A walk takes 3 cycles a slot, more where requests come between; one may follow another.
        self._quiet = 256 + 16 * risk.order_slots
        self._held = False
        super().__init__(parameters, seed=seed, idle=idle, stall=stall)

    def _load(self, *, seed: int, idle: int, stall: int) -> RiskHarness:
        library = library_path(self.parameters, self.risk)
        return RiskHarness(library, seed=seed, idle=idle, stall=stall)

    def _identity(self) -> int:
        return map_id(self.parameters, risk=self.risk)

    def post(self, requests: Records) -> None:
        """Queue requests without running; they are sent, in order, while any other method runs.

        Parameters
        ----------
        requests : array of shape (n,), dtype ``RISK_REQUEST_DTYPE``

        Raises
        ------
        DeviceError
            If the device is closed.
        ValueError
            If the array has another shape or dtype.
        """
        check_requests(requests)
        with self._lock:
            self._check_open()
            self._harness.post(requests)

    def exchange(self, requests: Records) -> tuple[Records, Records]:
        """Send requests, each as soon as the gate takes it; return what came on both outputs.

        While orders are held back, requests that the gate does not take stay queued.

        Parameters
        ----------
        requests : array of shape (n,), dtype ``RISK_REQUEST_DTYPE``

        Returns
        -------
        orders : array of shape (m,), dtype ``ORDER_DTYPE``
        events : array of shape (k,), dtype ``RISK_EVENT_DTYPE``
            Those of the last requests come with a later call.

        Raises
        ------
        DeviceError
            If the device is closed, or takes no request for very long.
        ValueError
            If the array has another shape or dtype.
        """
        check_requests(requests)
        with self._lock:
            self._check_open()
            for start in range(0, max(len(requests), 1), _CHUNK):
                self._harness.post(requests[start : start + _CHUNK])
                self._flush()
            return self._take_risk()

    def collect(self, cycles: int = 0) -> tuple[Records, Records]:
        """Run some cycles; return what came on both outputs since the last call.

        Parameters
        ----------
        cycles : int
            How many, from 0 [cycles].

        Returns
        -------
        orders, events : arrays as of ``exchange``

        Raises
        ------
        DeviceError
            If the device is closed.
        ValueError
            If ``cycles`` is negative.
        """
        if cycles < 0:
            raise ValueError(f"cycles must be at least 0, not {cycles}")
        with self._lock:
            self._check_open()
            for start in range(0, cycles, _RUN):
                self._harness.run(min(_RUN, cycles - start))
            return self._take_risk()

    def drain(self) -> Records:
        """Run until nothing is under way on either side; return the events of the books.

        The orders and risk events that came are kept for ``collect``. While orders are held back,
        the requests that wait for them stay under way.

        Raises
        ------
        DeviceError
            As ``VerilatedDevice.drain``.
        """
        return super().drain()

    def set_pin(self, high: bool) -> None:
        """Set the kill pin, from the next cycle on; it is low at first.

        Raises
        ------
        DeviceError
            If the device is closed.
        """
        with self._lock:
            self._check_open()
            self._harness.set_pin(high)

    def hold_orders(self, held: bool) -> None:
        """Hold the order port not ready, from the next cycle on, or let orders leave again.

        Raises
        ------
        DeviceError
            If the device is closed.
        """
        with self._lock:
            self._check_open()
            self._harness.hold_orders(held)
            self._held = held

    def _flush(self) -> None:
        patience = self._quiet if self._held else self._patience
        if not self._harness.flush(patience) and not self._held:
            raise DeviceError(
                f"the gate took no request for {patience} cycles: {self._harness.unsent} wait, "
                f"{self._harness.unanswered} without their closing event"
            )

    def _take_risk(self) -> tuple[Records, Records]:
        return self._harness.take_orders(), self._harness.take_risk_events()

    def _before_restart(self) -> None:
        self._harness.settle_risk(0, self._patience)
        super()._before_restart()

    def _settle(self) -> None:
        super()._settle()
        if not self._harness.settle_risk(self._quiet, self._patience):
            raise DeviceError(
                f"no risk event for {self._patience} cycles: {self._harness.unsent} requests "
                f"wait, {self._harness.unanswered} without their closing event"
            )
