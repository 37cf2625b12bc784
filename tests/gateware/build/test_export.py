"""Tests of gateware.build.export."""

import re
import time

from amaranth.back import rtlil  # type: ignore[attr-defined] # stub lags

from gateware.build.export import to_rtlil, to_verilog
from tests.gateware.build.stand_ins import Delay, Lamp, Store


def test_leaves_the_zeros_of_a_memory_out() -> None:
    assert "$meminit" not in to_rtlil(Store(depth=64, init=[]))
    assert "initial" not in to_verilog(Store(depth=64, init=[])).replace("memory_initial", "")


def test_keeps_what_a_memory_holds_from_the_start() -> None:
    assert to_rtlil(Store(depth=64, init=[0, 0xBEEF])).count("$meminit") == 1
    assert "32'd48879" in to_verilog(Store(depth=64, init=[0, 0xBEEF]))


def test_large_memories_take_no_longer_than_small_ones() -> None:
    start = time.process_time()
    text = to_verilog(Store(depth=1 << 16, init=[]))
    assert time.process_time() - start < 5  # with its zeros written out: about 20 s
    assert len(text) < 10_000


def test_clocked_reads_may_collide_with_writes_if_asked() -> None:
    both = Store(depth=64, init=[])
    assert "COLLISION_X_MASK 1'1" in to_rtlil(both)
    assert "COLLISION_X_MASK 1'0" in to_rtlil(both, undefined_collisions=False)
    assert "'hx" not in to_verilog(both)
    assert "'hx" in to_verilog(both, undefined_collisions=True)


def test_reads_without_a_clock_are_never_undefined() -> None:
    at_once = Store(depth=64, init=[], domain="comb")
    assert "COLLISION_X_MASK 1'0" in to_rtlil(at_once)
    assert "'hx" not in to_verilog(at_once, undefined_collisions=True)


def test_a_switch_on_a_one_hot_state_is_parallel() -> None:
    text = to_rtlil(Lamp())
    assert text.count("switch \\one_hot") == text.count("attribute \\parallel_case 1\n") > 0


def test_amaranth_is_left_as_it_was() -> None:
    before = rtlil.ModuleEmitter.emit_memory
    to_rtlil(Store(depth=64, init=[]))
    assert rtlil.ModuleEmitter.emit_memory is before


def test_ports_are_named_after_members() -> None:
    text = to_verilog(Delay(), name="delay")
    (ports,) = re.findall(r"module delay\((.*)\);", text)
    assert sorted(ports.split(", ")) == ["clk", "i", "o", "rst"]


def test_source_locations_can_be_left_out() -> None:
    assert "stand_ins.py" in to_rtlil(Delay())
    assert "stand_ins.py" not in to_rtlil(Delay(), emit_src=False)
