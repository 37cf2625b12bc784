"""Order table: finds, places and frees orders, one operation a cycle.

Four hashed banks of four ways and a small fully associative stash. A key is looked for in one set
of each bank and in the stash at once; a new key goes to the first free way of any bank, bank 0
first, and to the stash when all are taken. Filled that way by way, not bank by bank, the banks stay
even; where ids hash evenly, what comes and goes leaves the stash empty up to a load of 60 %.
Operations follow each other without stalls: what an operation a few cycles ahead left behind is
forwarded to a later one with the same key, and the ways that it took are not offered again.

Every order's id is stored once more, in one memory by slot: operations on a slot read it there. To
select it among all the ways would take more wires than the rest of the table.
"""

from itertools import pairwise
from typing import Any, Final

from amaranth import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from gateware.book.hashing import bucket_value
from gateware.book.layouts import BANKS, WAYS, Shapes
from gateware.common.choice import first_of, one_hot_index, select
from gateware.common.view import view
from hw.presets import BookParameters

__all__ = ["OrderTable"]


class OrderTable(wiring.Component):
    """Hashed table of resting orders.

    Timing
    ------
    The request is sampled in cycle 0. The answer is valid ``LATENCY`` cycles later, and the
    decision on it (``u_*``) is sampled in that same cycle. It is in force for every later request
    with the same key that comes at least ``SPACING_SAME_KEY`` cycles after the first, and for
    every other operation on the same slot (``read``, ``scan``, ``clear``) ``SPACING_SLOT`` cycles
    after it. One request per cycle; it never stalls.

    Parameters
    ----------
    parameters : BookParameters
        Sizes of the build.

    Members
    -------
    key : ``In(key)``
        Order that the request is about.
    second, second_key : ``In(1)``, ``In(key)``
        The request is about another key: the one that ``second_key`` was a cycle ago.
    lookup : ``In(1)``
        Look for ``key``.
    placing : ``In(1)``
        With lookup: the decision may be to place the key.
    direct : ``In(1)``
        Use set ``set`` of every bank instead of the sets of the key.
    set : ``In(set)``
        The set. The stash belongs to set 0.
    pick : ``In(slot)``
        One-hot slot to read; without ``direct`` it means nothing, with it 0 reads none.
    scan_book, scan_side, scan_inside : ``In``
        What ``matches`` compares with, sampled 2 cycles after the request.
    scan_any_book, scan_any_side, scan_any_inside : ``In(1)``
        Leave that comparison out.
    scan_limit, scan_above : ``In(pk)``, ``In(1)``
        Only orders not worse than the limit; with ``scan_above`` only those that are.
    own, own_side, own_pk : ``In``
        Sampled 3 cycles after the request: the operation brings its own side and price.
    side, pk : ``Out``
        With the answer: the operation's own side and price, or those of what was found.
    matches : ``Out(slot)``
        Slots of the set that hold an order of ``scan_book`` and so on.
    hit : ``Out(1)``
        The key was found, or the slot that was picked is in use.
    entry : ``Out(entry)``
        What was found; price, quantity and flags are 0 if nothing was. Its key counts only for a
        slot that was picked: who looks for a key has it.
    room : ``Out(1)``
        There is a free slot for the key.
    u_write : ``In(1)``
        Write ``u_entry``: over what was found, or with ``u_place`` to the free slot.
    u_clear : ``In(1)``
        Free every slot in ``matches``.
    u_place : ``In(1)``
        See ``u_write``.
    u_entry : ``In(entry)``
        What to write; its ``inside`` is not looked at.
    u_inside : ``In(1)``
        That bit, sampled a cycle later.
    stash_used : ``Out(stash_slots)``
        Stash slots in use.
    """

    LATENCY: Final = 4
    SPACING_SAME_KEY: Final = 2
    SPACING_SLOT: Final = 6

    key: data.View
    second: Value
    second_key: data.View
    lookup: Value
    placing: Value
    direct: Value
    set: Value
    pick: Value
    scan_book: Value
    scan_side: Value
    scan_inside: Value
    scan_any_book: Value
    scan_any_side: Value
    scan_limit: Value
    scan_above: Value
    scan_any_inside: Value
    own: Value
    own_side: Value
    own_pk: Value
    side: Value
    pk: Value
    matches: Value
    hit: Value
    entry: data.View
    room: Value
    u_write: Value
    u_clear: Value
    u_place: Value
    u_entry: data.View
    u_inside: Value
    stash_used: Value

    def __init__(self, *, parameters: BookParameters) -> None:
        self.parameters = parameters
        self.shapes = s = Shapes(parameters)
        super().__init__(
            {
                "key": In(s.key),
                "second": In(1),
                "second_key": In(s.key),
                "lookup": In(1),
                "placing": In(1),
                "direct": In(1),
                "set": In(s.set),
                "pick": In(s.slot),
                "scan_book": In(s.book),
                "scan_side": In(s.side),
                "scan_inside": In(1),
                "scan_any_book": In(1),
                "scan_any_side": In(1),
                "scan_limit": In(s.pk),
                "scan_above": In(1),
                "scan_any_inside": In(1),
                "own": In(1),
                "own_side": In(s.side),
                "own_pk": In(s.pk),
                "side": Out(s.side),
                "pk": Out(s.pk),
                "matches": Out(s.slot),
                "hit": Out(1),
                "entry": Out(s.entry),
                "room": Out(1),
                "u_write": In(1),
                "u_clear": In(1),
                "u_place": In(1),
                "u_entry": In(s.entry),
                "u_inside": In(1),
                "stash_used": Out(parameters.stash_slots),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        s = self.shapes
        low = s.set_bits
        hashed = BANKS * WAYS
        stash = [view(s.held, name=f"stash{i}") for i in range(self.parameters.stash_slots)]
        m.d.comb += self.stash_used.eq(Cat(e.valid for e in stash))

        # Stage n is between the registers p[n] and p[n + 1]; p[0] is the input.
        sets = [
            [Signal(s.set, name=f"p{n}_set{b}", reset_less=True) for b in range(BANKS)]
            for n in range(7)
        ]
        key0, second_key = view(s.key), view(s.key)
        m.d.sync += second_key.eq(self.second_key)
        m.d.comb += Value.cast(key0).eq(
            Mux(self.second, Value.cast(second_key), Value.cast(self.key))
        )
        keys = [key0] + [view(s.key, name=f"p{n}_key") for n in range(1, 7)]
        lookup = [self.lookup] + [Signal(name=f"p{n}_lookup") for n in range(1, 7)]
        placing = [self.placing] + [Signal(name=f"p{n}_placing") for n in range(1, 5)]
        direct = [self.direct] + [Signal(name=f"p{n}_direct") for n in range(1, 3)]
        pick = [self.pick] + [Signal(s.slot, name=f"p{n}_pick") for n in range(1, 3)]
        for bank in range(BANKS):
            # Hashed before it is known which key counts: the address is on the longest path.
            first = bucket_value(s, bank, Value.cast(self.key))
            other = Signal(s.set, name=f"second_set{bank}")
            m.d.sync += other.eq(bucket_value(s, bank, Value.cast(self.second_key)))
            m.d.comb += sets[0][bank].eq(Mux(self.direct, self.set, Mux(self.second, other, first)))
        for pipe in (sets, keys, lookup, placing, direct, pick):
            for before, after in pairwise(pipe):
                pairs = zip(before, after, strict=True) if pipe is sets else [(before, after)]
                m.d.sync += [b.eq(a) for a, b in pairs]

        # Stage 1: the memories answer; which operations ahead had the same key or the same set?
        # With d cycles between them, the one ahead is in p[1 + d] while this one is in p[1].
        same_key = {d: Signal(name=f"p2_same_key{d}") for d in range(2, 6)}
        same_set = {d: Signal(BANKS, name=f"p2_same_set{d}") for d in range(1, 6)}
        for d, flag in same_key.items():
            same = Value.cast(keys[1]) == Value.cast(keys[1 + d])
            m.d.sync += flag.eq(same & lookup[1] & lookup[1 + d])
        for d, flags in same_set.items():
            m.d.sync += flags.eq(Cat(sets[1][b] == sets[1 + d][b] for b in range(BANKS)))

        # Price and quantity are read and written a cycle after the rest: by the time that they are
        # there, it is known whose are wanted.
        write_slots, wrote6 = Signal(s.slot), Signal(s.slot)
        write_ids = Signal(hashed)
        held5, terms5, terms6 = view(s.held), view(s.terms), view(s.terms)
        m.d.sync += [wrote6.eq(write_slots), terms6.eq(terms5)]
        helds, terms = [], []  # p2, p3; by slot
        for bank in range(BANKS):
            for way in range(WAYS):
                i = bank * WAYS + way
                ports = (sets[0][bank], sets[5][bank], held5, write_slots[i])
                helds.append(self._stored(m, f"bank{bank}_way{way}_held", s.held, *ports))
                ports = (sets[1][bank], sets[6][bank], terms6, wrote6[i])
                terms.append(self._stored(m, f"bank{bank}_way{way}_terms", s.terms, *ports))
        ids = self._stored_ids(m, sets, pick[1], write_ids, held5.key.id)
        for i in range(hashed, s.slots):
            with m.If(write_slots[i]):
                m.d.sync += Value.cast(stash[i - hashed]).eq(Value.cast(held5))
            stashed = view(s.terms, name=f"stash{i - hashed}_terms")
            with m.If(wrote6[i]):
                m.d.sync += Value.cast(stashed).eq(Value.cast(terms6))
            terms.append(stashed)

        # Stage 2: compare. The set implies the low bits of the key, see gateware.book.hashing.
        taken = {n: Signal(s.slot, name=f"p{n}_taken") for n in range(4, 8)}  # offered before
        # What each one left: an entry, of which nobody asks the key, and where.
        after = {n: view(s.entry, name=f"p{n}_after") for n in range(5, 8)}
        after_slot = {n: Signal(s.slot, name=f"p{n}_after_slot") for n in range(5, 8)}
        forwarded = Signal()
        m.d.comb += forwarded.eq(Cat(same_key.values()).any())
        in_stash = Signal()
        m.d.comb += in_stash.eq(sets[2][0] == 0)
        match, scan, free, missed = [], [], [], []
        # A slot that was written in the very cycle in which this operation read its set: what the
        # memory said of it may be either, or neither. It is another operation's: not this one's
        # order, which would have been forwarded, and not free.
        wrote7 = Signal(s.slot)
        m.d.sync += wrote7.eq(wrote6)
        key2 = Value.cast(keys[2])
        for i, held in enumerate([*helds, *stash]):
            key = Value.cast(held.key)
            torn = wrote7[i] & same_set[5][i // WAYS] if i < hashed else Const(0, 1)
            valid = held.valid & ~torn
            same = key[low:] == key2[low:] if i < hashed else key == key2
            match.append((valid & same & lookup[2] & ~forwarded) | (direct[2] & pick[2][i] & valid))
            fits = (
                valid
                & (self.scan_any_book | (held.key.book == self.scan_book))
                & (self.scan_any_side | (held.side == self.scan_side))
                & (self.scan_any_inside | (held.inside == self.scan_inside))
            )
            scan.append(fits & (1 if i < hashed else in_stash))
            # A scan for orders in or out of a window must not miss one that is being changed.
            missed.append(torn & ~self.scan_any_inside)
            offered = [
                taken[2 + d][i] & (same_set[d][i // WAYS] if i < hashed else 1) for d in range(2, 6)
            ]
            free.append(~held.valid & ~torn & ~Cat(offered).any())

        p3_match, p3_free = Signal(s.slot), Signal(s.slot)
        p3_scan, p3_missed = Signal(s.slot), Signal(s.slot)
        p3_near = Signal(s.slot)  # slots that the operation one ahead may be taking
        p3_same2, p3_earlier = Signal(), Signal()
        p3_entry, p3_slot, p3_key = view(s.entry), Signal(s.slot), view(s.key)
        p3_sides, p3_insides = Signal(s.slot), Signal(s.slot)
        near = Cat(*(same_set[1][b].replicate(WAYS) for b in range(BANKS)), Const(-1, len(stash)))
        earlier = same_key[3] | same_key[4] | same_key[5]
        picked = [(pick[2][i], held.key.book) for i, held in enumerate([*helds, *stash])]
        stashed_ids = [(pick[2][hashed + i], held.key.id) for i, held in enumerate(stash)]
        p3_in_stash, p3_stashed_id = Signal(), Signal(len(key0.id), reset_less=True)
        m.d.sync += [
            p3_match.eq(Cat(match)),
            p3_scan.eq(Cat(scan)),
            p3_missed.eq(Cat(missed)),
            p3_free.eq(Cat(free)),
            p3_near.eq(near),
            p3_same2.eq(same_key[2]),
            p3_earlier.eq(earlier & ~same_key[2]),
            p3_key.book.eq(select(picked)),
            p3_in_stash.eq(pick[2][hashed:].any()),
            p3_stashed_id.eq(select(stashed_ids)),
            p3_sides.eq(Cat(held.side for held in (*helds, *stash))),
            p3_insides.eq(Cat(held.inside for held in (*helds, *stash))),
        ]
        for target, source in ((p3_entry, after), (p3_slot, after_slot)):
            m.d.sync += target.eq(
                Mux(same_key[3], source[5], Mux(same_key[4], source[6], source[7]))
            )
        limit3, above3 = Signal(s.pk, reset_less=True), Signal()
        m.d.sync += [limit3.eq(self.scan_limit), above3.eq(self.scan_above)]

        # Stage 3: select what was found, and a free slot.
        entries = []
        for i, each in enumerate(terms):
            entry = view(s.entry, name=f"entry{i}")
            m.d.comb += [
                entry.valid.eq(1),  # counts only where there is a match
                entry.inside.eq(p3_insides[i]),
                entry.side.eq(p3_sides[i]),
                entry.pk.eq(each.pk),
                entry.quantity.eq(each.quantity),
            ]
            entries.append(entry)
        reach = Cat((each.pk > limit3) == above3 for each in terms)
        write5, write_entry, entry5 = Signal(), view(s.entry), view(s.entry)
        found = view(s.entry)
        near_terms = [  # `after[5]`, as two terms of the selection
            (p3_same2 & write5 & write_entry.valid, Value.cast(write_entry)),
            (p3_same2 & ~write5, Value.cast(entry5)),
        ]
        m.d.comb += Value.cast(found).eq(
            select(
                [(p3_match[i], Value.cast(entry)) for i, entry in enumerate(entries)]
                + [*near_terms, (p3_earlier, Value.cast(p3_entry))]
            )
        )
        found_slot = select([(p3_same2, after_slot[5]), (p3_earlier, p3_slot)]) | p3_match
        offer = Signal(s.slot)
        vacant = p3_free & ~(p3_near & taken[4])
        order = [b * WAYS + w for w in range(WAYS) for b in range(BANKS)]
        first = first_of(Cat(*(vacant[i] for i in order), vacant[hashed:]))
        m.d.comb += [
            Cat(*(offer[i] for i in order), offer[hashed:]).eq(first),
            p3_key.id.eq(Mux(p3_in_stash, p3_stashed_id, ids)),
        ]
        slot, entry4 = Signal(s.slot), view(s.entry)  # p4
        m.d.comb += self.entry.eq(entry4)
        m.d.sync += [
            self.matches.eq((p3_scan & reach) | p3_missed),
            entry4.eq(found),
            entry4.key.eq(p3_key),
            self.hit.eq(found.valid),
            # Where both are there they are equal, or the operation is refused.
            self.side.eq(found.side | (self.own_side & self.own)),
            self.pk.eq(found.pk | Mux(self.own, self.own_pk, 0)),
            slot.eq(found_slot),
            taken[4].eq(Mux(placing[3], offer, 0)),
            self.room.eq(offer.any()),
        ]

        # Stage 4: the decision. Stage 5: what follows from it. `after` is what stands under the
        # operation's key from then on; nothing if it was removed.
        place5, clear5, told5 = Signal(), Signal(), view(s.entry)
        slot5, matches5 = Signal(s.slot), Signal(s.slot)
        m.d.sync += [
            write5.eq(self.u_write),
            place5.eq(self.u_place),
            clear5.eq(self.u_clear),
            told5.eq(self.u_entry),
            told5.valid.eq(self.u_entry.valid & ~self.u_clear),
            entry5.eq(self.entry),
            slot5.eq(slot),
            matches5.eq(self.matches),
        ]
        m.d.comb += [
            write_entry.eq(told5),
            write_entry.inside.eq(self.u_inside),
            Value.cast(held5).eq(Value.cast(write_entry)[: s.held.size]),
            Value.cast(terms5).eq(Value.cast(write_entry)[s.held.size :]),
        ]
        wrote5 = after_slot[5] & write5.replicate(s.slots)
        removed = write5 & ~write_entry.valid
        m.d.comb += [
            after_slot[5].eq(Mux(write5 & place5, taken[5], slot5)),
            write_slots.eq((matches5 & clear5.replicate(s.slots)) | wrote5),
            write_ids.eq(wrote5),
            Value.cast(after[5]).eq(
                Mux(write5, Mux(removed, 0, Value.cast(write_entry)), Value.cast(entry5))
            ),
        ]
        m.d.sync += [
            *(after[n + 1].eq(after[n]) for n in (5, 6)),
            *(after_slot[n + 1].eq(after_slot[n]) for n in (5, 6)),
            *(taken[n + 1].eq(taken[n]) for n in (4, 5, 6)),
        ]
        return m

    def _stored_ids(
        self, m: Module, sets: list[list[Signal]], pick1: Value, write5: Value, new5: Value
    ) -> Any:
        """Return, in stage 3, the id in the slot that ``pick1`` chose in stage 1.

        Written in stage 6 as the terms are: a read that meets the write is one that met the key's.
        ``write5``, ``new5``: in stage 5, the slot of the banks to write, and its id.
        """
        s, hashed = self.shapes, BANKS * WAYS
        memory: Any = Memory(
            shape=unsigned(self.parameters.id_bits), depth=hashed * self.parameters.sets, init=[]
        )
        m.submodules.ids = memory
        reads, writes = memory.read_port(), memory.write_port()
        slot6, set6, new6 = Signal(range(hashed)), Signal(s.set), Signal.like(new5, reset_less=True)
        write6 = Signal()
        ids = Signal.like(new5, reset_less=True)
        banks = [write5[b * WAYS : (b + 1) * WAYS].any() for b in range(BANKS)]
        m.d.comb += [
            # Who picks a slot picks the same set in every bank.
            reads.addr.eq(Cat(sets[1][0], one_hot_index(pick1[:hashed]))),
            writes.addr.eq(Cat(set6, slot6)),
            writes.data.eq(new6),
            writes.en.eq(write6),
        ]
        m.d.sync += [
            write6.eq(write5.any()),
            slot6.eq(one_hot_index(write5)),
            set6.eq(select(list(zip(banks, sets[5], strict=True)))),
            new6.eq(new5),
            ids.eq(reads.data),
        ]
        return ids

    def _stored(
        self,
        m: Module,
        name: str,
        shape: data.StructLayout,
        read_set: Value,
        write_set: Value,
        new: data.View,
        write: Value,
    ) -> Any:
        """Return what one way of one bank says: the register behind a memory."""
        memory: Any = Memory(shape=shape, depth=self.parameters.sets, init=[])
        m.submodules[name] = memory
        reads, writes = memory.read_port(), memory.write_port()
        word = view(shape, name=f"{name}_word")
        m.d.comb += [
            reads.addr.eq(read_set),
            writes.addr.eq(write_set),
            writes.data.eq(new),
            writes.en.eq(write),
        ]
        m.d.sync += word.eq(reads.data)
        return word
