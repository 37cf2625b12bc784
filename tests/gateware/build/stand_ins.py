"""Small components whose export and area are known by hand."""

from typing import Any

from amaranth import Module, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from gateware.common.one_hot import OneHot

__all__ = ["Delay", "Lamp", "Store"]


class Delay(wiring.Component):
    """One register of eight bits.

    Timing
    ------
    One cycle.

    Members
    -------
    i, o : ``In(8)``, ``Out(8)``
        What comes, and what came.
    """

    i: Value
    o: Value

    def __init__(self, *, parameters: Any = None) -> None:
        super().__init__({"i": In(8), "o": Out(8)})

    def elaborate(self, platform: object) -> Module:
        """Return the module."""
        m = Module()
        m.d.sync += self.o.eq(self.i)
        return m


class Store(wiring.Component):
    """One memory that starts with ``init``.

    Timing
    ------
    One cycle to read and to write.

    Members
    -------
    address, w_data, w_en, r_data : ``In``, ``Out``
        The ports of the memory, which share their address.
    """

    address: Value
    w_data: Value
    w_en: Value
    r_data: Value

    def __init__(self, *, depth: int, init: list[int], domain: str = "sync") -> None:
        self.depth, self.init, self.domain = depth, init, domain
        bits = (depth - 1).bit_length()
        super().__init__({"address": In(bits), "w_data": In(32), "w_en": In(1), "r_data": Out(32)})

    def elaborate(self, platform: object) -> Module:
        """Return the module."""
        m = Module()
        memory: Memory = Memory(shape=32, depth=self.depth, init=self.init)
        m.submodules.memory = memory
        read, write = memory.read_port(domain=self.domain), memory.write_port()
        m.d.comb += [
            read.addr.eq(self.address),
            write.addr.eq(self.address),
            write.data.eq(self.w_data),
            write.en.eq(self.w_en),
            self.r_data.eq(read.data),
        ]
        return m


class Lamp(wiring.Component):
    """A lamp that goes on when it is pressed, and off after one cycle of warning.

    Timing
    ------
    ``on`` follows ``press`` by a cycle.

    Members
    -------
    press : ``In(1)``
        The button.
    on, warns : ``Out(1)``, ``Out(1)``
        The lamp.
    """

    press: Value
    on: Value
    warns: Value

    def __init__(self) -> None:
        super().__init__({"press": In(1), "on": Out(1), "warns": Out(1)})

    def elaborate(self, platform: object) -> Module:
        """Return the module."""
        m = Module()
        fsm = OneHot(m, init="off", width=8)
        with fsm.states():
            with fsm.state("off"), m.If(self.press):
                fsm.go("on")
            with fsm.state("warning"):
                m.d.comb += self.warns.eq(1)
                fsm.go("off")
                with m.If(self.press):
                    fsm.go("on")
            with fsm.state("on"):
                m.d.comb += self.on.eq(1)
                with m.If(self.press):
                    fsm.go("warning")
        return m
