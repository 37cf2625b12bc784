"""Frames with datagrams, built by scapy, spoilt ones among them; and what a filter says of them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from scapy.layers.inet import IP, UDP, IPOption_NOP
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether

from gateware.net.udp_filter import UdpFilter
from sim.models.udp_filter import Datagram, Group, udp_payload
from tests.gateware.net.xgmii import with_fcs

__all__ = ["GROUPS", "Payloads", "datagram", "expected", "spoilt"]

GROUPS: Final = (
    Group(address=0xE0010203, port=26400, feed=5, line=0),
    Group(address=0xE0010204, port=26400, feed=5, line=1),
    Group(address=0xE0010205, port=26401, feed=2, line=0, enable=False),
    Group(address=0xE0010203, port=26400, feed=7, line=1),
)


def datagram(
    payload: bytes, *, tags: int = 0, to: str = "224.1.2.3", port: int = 26400, **ip: Any
) -> bytes:
    """Return a padded frame with its FCS; ``ip`` are fields of scapy's IPv4 header."""
    frame = Ether(dst="01:00:5e:01:02:03", src="02:00:00:00:00:01")
    if tags == 2:
        frame /= Dot1AD(vlan=7)
    if tags:
        frame /= Dot1Q(vlan=9)
    frame /= IP(src="10.0.0.1", dst=to, **ip) / UDP(sport=1, dport=port) / payload
    return with_fcs(bytes(frame).ljust(60, b"\0"))


def spoilt(rng: random.Random) -> bytes:
    """Return a frame with a good FCS in which something may be wrong."""
    payload, tags = rng.randbytes(rng.randrange(1, 60)), rng.randrange(3)
    to = rng.choice(["224.1.2.3", "224.1.2.4", "224.1.2.5", "224.1.2.6"])
    what = rng.choice(["none", "cut", "byte", "length", "udp_length", "option", "fragment"])
    options: dict[str, Any] = {}
    if what == "length":
        options["len"] = rng.choice([20, 28, 27 + len(payload), 29 + len(payload), 65535])
    if what == "option":
        options["options"] = [IPOption_NOP()] * 4
    if what == "fragment":
        options.update(rng.choice([{"flags": "MF"}, {"frag": 3}, {"flags": "DF"}]))
    frame = bytearray(datagram(payload, tags=tags, to=to, **options)[:-4])
    if what == "udp_length":
        at = 14 + 4 * tags + 24
        frame[at : at + 2] = rng.choice([0, 7, 8, 9, 9 + len(payload)]).to_bytes(2, "big")
    if what == "byte":
        frame[rng.randrange(12, 44)] ^= 1 << rng.randrange(8)
    if what == "cut":
        del frame[rng.randrange(len(frame)) :]
    return with_fcs(bytes(frame))


@dataclass(kw_only=True)
class Payloads:
    """What the filter says of frames, taken cycle by cycle."""

    payloads: list[bytes] = field(default_factory=list)
    routes: list[tuple[int, int]] = field(default_factory=list)
    good: list[bool] = field(default_factory=list)
    judged: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    _sixth: dict[int, bytes] = field(default_factory=dict)

    def send(self, cycle: int, index: int, frame: bytes) -> None:
        """Note that a frame's word of this index is at the input in this cycle."""
        if index == 5:
            self._sixth[cycle] = frame

    def take(self, cycle: int, *, judged: int, passes: int, payload: Any, good: int | None) -> None:
        """Take what one cycle shows; ``good`` is None without a verdict."""
        if judged:
            frame = self._sixth.pop(cycle - UdpFilter.LATENCY)
            if passes:
                begin = int(payload.begin)
                self.payloads.append(frame[begin : begin + int(payload.bytes)])
                self.routes.append((int(payload.feed), int(payload.line)))
                self.judged.append(cycle)
        if good is not None:
            self.good.append(bool(good))
            self.ends.append(cycle)
            assert len(self.ends) == len(self.judged), "a verdict without its payload"


def expected(frames: Sequence[tuple[bytes, bool]]) -> list[tuple[Datagram, bool]]:
    """Return the datagrams of frames by the model, each with its verdict; the MAC's is given."""
    results = [(udp_payload(frame, GROUPS), good) for frame, good in frames]
    return [(r, good and r.whole) for r, good in results if isinstance(r, Datagram)]
