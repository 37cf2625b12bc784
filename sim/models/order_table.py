"""Reference model of ``gateware.book.order_table``: banks of buckets, and a stash."""

from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

__all__ = ["OrderTable", "Slot", "linear_hash"]

BANKS: Final = 4
WAYS: Final = 4

Slot = tuple[int, int, int]  # bank, set, way; bank BANKS is the stash: (BANKS, 0, place)
Entry = TypeVar("Entry")


def linear_hash(masks: Sequence[Sequence[int]]) -> Callable[[int, int], int]:
    """Return the hash that is a linear map over GF(2) in each bank.

    Parameters
    ----------
    masks : sequence of sequence of int
        For each bank and each bit of the set, the key bits that it is the parity of.

    Returns
    -------
    callable
        ``(bank, key) -> set``.
    """

    def bucket(bank: int, key: int) -> int:
        return sum(((key & mask).bit_count() & 1) << bit for bit, mask in enumerate(masks[bank]))

    return bucket


class OrderTable(Generic[Entry]):
    """Entries by key, each in one of the few slots that its key may have.

    A new key takes the first free way of its sets, bank 0 first where several banks have the same
    way free; then the first free place of the stash. Entries never move.

    Parameters
    ----------
    bucket : callable
        ``(bank, key) -> set``, from 0.
    stash_slots : int
        Places that any key may have, at least 0.

    Raises
    ------
    ValueError
        If ``stash_slots`` is negative.
    """

    def __init__(self, bucket: Callable[[int, int], int], *, stash_slots: int) -> None:
        if stash_slots < 0:
            raise ValueError(f"stash_slots must be at least 0, not {stash_slots}")
        self._bucket = bucket
        self._stash_slots = stash_slots
        self._slots: dict[Slot, tuple[int, Entry]] = {}

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._slots)

    def candidates(self, key: int) -> list[Slot]:
        """Return every slot that a key may have, in the order in which they are taken."""
        sets = [(bank, self._bucket(bank, key)) for bank in range(BANKS)]
        hashed = [(bank, index, way) for way in range(WAYS) for bank, index in sets]
        return hashed + [(BANKS, 0, place) for place in range(self._stash_slots)]

    def find(self, key: int) -> Slot | None:
        """Return the slot of a key, or None."""
        return next(
            (s for s in self.candidates(key) if s in self._slots and self._slots[s][0] == key),
            None,
        )

    def room(self, key: int) -> Slot | None:
        """Return the slot that a new key would take, or None where it has no room."""
        return next((s for s in self.candidates(key) if s not in self._slots), None)

    def get(self, key: int) -> Entry | None:
        """Return the entry of a key, or None."""
        slot = self.find(key)
        return None if slot is None else self._slots[slot][1]

    def put(self, key: int, entry: Entry) -> Slot | None:
        """Write the entry of a key: over the old one, or to a new slot.

        Returns
        -------
        tuple or None
            The slot, or None if the key is new and has no room; then nothing has changed.
        """
        slot = self.find(key)
        if slot is None:
            slot = self.room(key)
        if slot is not None:
            self._slots[slot] = (key, entry)
        return slot

    def remove(self, key: int) -> bool:
        """Free the slot of a key; say whether it had one."""
        slot = self.find(key)
        if slot is None:
            return False
        del self._slots[slot]
        return True

    def slots_of(self, index: int) -> list[Slot]:
        """Return every slot of a set: the ways of each bank; with set 0 also the stash."""
        hashed = [(bank, index, way) for bank in range(BANKS) for way in range(WAYS)]
        stash = [(BANKS, 0, place) for place in range(self._stash_slots)]
        return hashed + (stash if index == 0 else [])

    def at(self, slot: Slot) -> Entry | None:
        """Return what stands in a slot, or None."""
        return self._slots[slot][1] if slot in self._slots else None

    def rewrite(self, slot: Slot, entry: Entry | None) -> None:
        """Give the key in a slot another entry, or free the slot.

        Raises
        ------
        KeyError
            If the slot is free.
        """
        key, _ = self._slots.pop(slot)
        if entry is not None:
            self._slots[slot] = (key, entry)

    def clear(self, leaves: Callable[[Entry], bool]) -> int:
        """Free every slot whose entry ``leaves``, and return how many there were."""
        gone = [slot for slot, (_, entry) in self._slots.items() if leaves(entry)]
        for slot in gone:
            del self._slots[slot]
        return len(gone)

    @property
    def stash_used(self) -> int:
        """Places of the stash in use."""
        return sum(1 for bank, _, _ in self._slots if bank == BANKS)
