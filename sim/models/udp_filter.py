"""Reference model of gateware.net.udp_filter: one frame in, its payload or the reason out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Datagram", "Group", "udp_payload"]

_HEADER_BYTES: Final = 48
_TAGS: Final = (b"\x81\x00", b"\x88\xa8")


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group of the list: IPv4 address, UDP port, feed 0 to 7, line 0 (A) or 1 (B)."""

    address: int
    port: int
    feed: int
    line: int
    enable: bool = True


@dataclass(frozen=True, kw_only=True)
class Datagram:
    """A payload, the group it is of, and whether the frame holds all that its header says."""

    payload: bytes
    group: Group
    whole: bool


def udp_payload(frame: bytes, groups: Sequence[Group]) -> Datagram | str:
    """Return the datagram of a frame to a group, or why it is dropped.

    Parameters
    ----------
    frame : bytes
        From the destination address to the FCS, both included.
    groups : sequence of Group
        The lowest that matches counts.

    Returns
    -------
    Datagram or str
        The name of a field of ``gateware.net.layouts.DROPPED`` for a frame that is dropped.

    References
    ----------
    RFC 791 section 3.1, RFC 768, RFC 1071 (the checksum).
    """
    if len(frame) < _HEADER_BYTES:
        return "truncated"
    kind = 12
    while kind < 20 and frame[kind : kind + 2] in _TAGS:
        kind += 4
    ip = frame[kind + 2 :]
    if frame[kind : kind + 2] != b"\x08\x00" or ip[0] >> 4 != 4 or ip[9] != 17:
        return "not_udp"
    if ip[0] & 15 != 5:
        return "options"
    if int.from_bytes(ip[6:8], "big") & 0x3FFF:
        return "fragment"
    if sum(int.from_bytes(ip[n : n + 2], "big") for n in range(0, 20, 2)) % 0xFFFF:
        return "bad_checksum"
    ip_bytes, udp_bytes = int.from_bytes(ip[2:4], "big"), int.from_bytes(ip[24:26], "big")
    if udp_bytes <= 8 or udp_bytes + 20 > ip_bytes:
        return "bad_length"
    to = int.from_bytes(ip[16:20], "big"), int.from_bytes(ip[22:24], "big")
    for group in groups:
        if group.enable and (group.address, group.port) == to:
            whole = ip_bytes + 4 <= len(ip)
            return Datagram(payload=ip[28 : 20 + udp_bytes], group=group, whole=whole)
    return "no_group"
