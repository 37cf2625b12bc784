"""A wrapper with few pins, so that a component can be placed and routed by itself."""

from amaranth import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["OutOfContext"]

FOLD = 4  # inputs of one look-up table


def _members(component: wiring.Component, flow: wiring.Flow) -> list[Value]:
    """Return the ports of one direction."""
    return [
        Value.cast(value)
        for _, member, value in component.signature.flatten(component)
        if member.flow == flow
    ]


class OutOfContext(wiring.Component):
    """Feed every input of a component from a shift register and fold its outputs to one bit.

    Every port of the component begins or ends at a register, so what limits the clock lies inside
    it. Nothing can be optimised away: every output counts, and every input is a bit of its own. (A
    register behind a bit of the shift register would be the same as the next bit, and merge.)

    Timing
    ------
    None that matters; the function is meaningless.

    Parameters
    ----------
    component : wiring.Component
        What to measure.

    Members
    -------
    shift_in : ``In(1)``
        Next bit of the inputs.
    load : ``In(1)``
        Hand the bits over to the inputs.
    shift_out : ``Out(1)``
        Parity of the outputs, some cycles ago.
    """

    shift_in: Value
    load: Value
    shift_out: Value

    def __init__(self, *, component: wiring.Component) -> None:
        self.component = component
        super().__init__({"shift_in": In(1), "load": In(1), "shift_out": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.dut = self.component
        inputs = Cat(_members(self.component, In))
        shift = Signal(len(inputs), reset_less=True)
        m.d.sync += shift.eq(Cat(self.shift_in, shift))
        held = Signal(len(inputs), reset_less=True)
        with m.If(self.load):
            m.d.sync += held.eq(shift)
        m.d.comb += inputs.eq(held)

        outputs = Cat(_members(self.component, Out))
        folded = Signal(len(outputs), name="folded0", reset_less=True)
        m.d.sync += folded.eq(outputs)
        level = 0
        while len(folded) > 1:
            level += 1
            groups = [folded[i : i + FOLD].xor() for i in range(0, len(folded), FOLD)]
            folded = Signal(len(groups), name=f"folded{level}", reset_less=True)
            m.d.sync += folded.eq(Cat(groups))
        m.d.comb += self.shift_out.eq(folded)
        return m
