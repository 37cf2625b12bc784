"""cocotb side of test_component_cosims: gateware.book.order_table."""

import os
import random
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import cocotb
from cocotb.triggers import Timer

from gateware.book.hashing import bucket_masks
from gateware.book.layouts import BANKS, WAYS, Shapes
from gateware.book.order_table import OrderTable
from sim.models import order_table as model
from tests.cosim.bench import TABLE
from tests.cosim.ports import Ports, Stalls
from tests.gateware.book.table_driver import Answer, Decision, Entry, Request, colliding_keys

SEED = int(os.environ["SEED"])
N_CYCLES = 2500
SPACING: Final = OrderTable.SPACING_SAME_KEY
SLOT_SPACING: Final = OrderTable.SPACING_SLOT
LATENCY: Final = OrderTable.LATENCY
CAPACITY: Final = BANKS * WAYS + TABLE.stash_slots  # of keys that share their sets
HIGHEST: Final = (1 << TABLE.tick_bits) - 1
OWN, SCAN = 3, 2  # cycles from a request to its own side and price, and to what it scans for
Key = tuple[int, int]


class Talk:
    """Make one request or none a cycle; decide on each when its answer is there."""

    def __init__(self, ports: Ports, rng: random.Random) -> None:
        self.ports, self.rng = ports, rng
        self._under_way: list[Request | None] = [None] * LATENCY
        # The request of the next cycle, and whether its key comes on ``second_key``: that is, now.
        self._coming: tuple[Request | None, int] = (None, 0)
        self._inside = 0  # of the decision before

    async def cycle(self, request: Request | None = None) -> None:
        """Run one cycle; the request goes in in the next one."""
        ports, (scanned, own, answered) = self.ports, self._under_way[SCAN - 1 :]
        (asked, second), self._coming = self._coming, (request, self.rng.randrange(2))
        await ports.drive(
            **self._ask(asked, second), second_key=self._key_if(*self._coming),
            **self._scan(scanned), **self._own(own), u_inside=self._inside,
        )  # fmt: skip
        decision = Decision()
        if answered is not None:
            decision = answered.decide(self._answer(answered))
        await Timer(1, "ns")  # the decision is made within the cycle of the answer
        ports.set(**self._decide(decision))
        self._inside = (decision.place or decision.write or (0, 0, 0, 0))[3]
        await ports.tick()
        self._under_way = [asked, *self._under_way[:-1]]

    async def idle(self, cycles: int) -> None:
        """Run cycles without a request."""
        for _ in range(cycles):
            await self.cycle()

    def _ask(self, request: Request | None, second: int) -> dict[str, Any]:
        """Return the inputs of cycle 0; a key comes on either of its two ports."""
        direct = request is not None and request.set is not None
        return {
            "key": self._key_if(request, 1 - second), "second": second, "direct": direct,
            "lookup": request is not None and request.key is not None,
            "placing": request is not None and request.placing,
            "set": self.rng.getrandbits(4) if request is None else request.set or 0,
            "pick": request.pick if request and direct else self.rng.getrandbits(CAPACITY),
        }  # fmt: skip

    def _key_if(self, request: Request | None, here: int) -> dict[str, int]:
        """Return the key of a request if it comes ``here``, or anything."""
        if not here or request is None or request.key is None:
            return self._noise()
        return {"book": request.key[0], "id": request.key[1]}

    def _noise(self) -> dict[str, int]:
        return {"book": self.rng.randrange(2), "id": self.rng.getrandbits(TABLE.id_bits)}

    def _scan(self, request: Request | None) -> dict[str, int]:
        scan = {} if request is None else request.scan
        names = ("book", "side", "inside")
        wanted = {f"scan_{n}": scan.get(n, self.rng.randrange(2)) for n in names}
        wanted |= {f"scan_any_{n}": n not in scan for n in names}
        return wanted | {
            "scan_limit": scan.get("limit", HIGHEST), "scan_above": scan.get("above", 0),
        }  # fmt: skip

    def _own(self, request: Request | None) -> dict[str, int]:
        own = None if request is None else request.own
        side, pk = own or (self.rng.randrange(2), self.rng.getrandbits(TABLE.tick_bits))
        return {"own": own is not None, "own_side": side, "own_pk": pk}

    def _answer(self, request: Request) -> Answer:
        get = self.ports.get
        e = get("entry")
        plain = (*(request.key or (e.key.book, e.key.id)), e.side, e.inside, e.pk, e.quantity)
        return Answer(
            hit=bool(get("hit")), room=bool(get("room")), entry=plain if e.valid else None,
            side=get("side"), pk=get("pk"), matches=get("matches"),
            stash_used=get("stash_used").bit_count(),
        )  # fmt: skip

    def _decide(self, decision: Decision) -> dict[str, Any]:
        entry = decision.place or decision.write
        fields = {}
        if entry is not None:
            book, order_id, side, inside, pk, quantity = entry
            fields = {
                "valid": 1, "inside": 1 - inside, "side": side, "pk": pk, "quantity": quantity,
                "key": {"book": book, "id": order_id},
            }  # fmt: skip
        return {
            "u_write": entry is not None or decision.remove, "u_place": decision.place is not None,
            "u_clear": decision.clear, "u_entry": fields,
        }  # fmt: skip


async def begin(dut: Any) -> Talk:
    """Free every slot: memories start as anything."""
    talk = Talk(Ports(dut, "order_table"), random.Random(SEED))
    await talk.ports.start()
    for index in range(TABLE.sets):
        await talk.cycle(Request(set=index, decide=lambda _: Decision(clear=True)))
    await talk.idle(SLOT_SPACING)
    return talk


def new_entry(rng: random.Random, key: Key) -> Entry:
    return (*key, rng.randrange(2), rng.randrange(2), rng.choice([7, 99]), rng.randrange(1, 201))


class FullRate:
    """Look-ups of keys that share all their sets; whoever comes when all is taken has no room."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.keys = colliding_keys(TABLE, CAPACITY + 6)
        self.entries: dict[Key, Entry] = {}
        self.seen: Counter[str] = Counter()
        self._last: list[tuple[Key | None, bool]] = []  # key; whether slots may be in doubt

    def draw(self, *, idle: bool) -> Request | None:
        """Return a request on a key that none of the requests just ahead is about."""
        busy = {key for key, _ in self._last[1 - SPACING :]}
        key = self.rng.choice([k for k in self.keys if k not in busy])
        does = self.rng.choices(["find", "put", "remove"], [2, 8, 2])[0]
        doubts = sum(doubt for _, doubt in self._last[1 - SLOT_SPACING :])
        self._last.append((None, False) if idle else (key, does != "find"))
        if idle:
            return None
        new = new_entry(self.rng, key)

        def decide(answer: Answer) -> Decision:
            return self._decide(does, key, new, answer, doubts)

        placing = does == "put"
        return Request(
            key=key, placing=placing, own=(new[2], new[4]) if placing else None, decide=decide
        )

    def _decide(self, does: str, key: Key, new: Entry, answer: Answer, doubts: int) -> Decision:
        held = self.entries.get(key)
        case = (does, key, held, answer)
        assert (answer.hit, answer.entry) == (held is not None, held), case
        if held is None:
            own = (new[2], new[4]) if does == "put" else (0, 0)
            assert (answer.side, answer.pk) == own, case
        elif does != "put":
            assert (answer.side, answer.pk) == (held[2], held[4]), case
        self.seen[f"{does} {answer.hit}"] += 1
        if does == "find":
            return Decision()
        if does == "remove":
            self.entries.pop(key, None)
            return Decision(remove=held is not None)
        if held is None:
            self.seen[f"room {answer.room}"] += 1
            taken = len(self.entries)
            assert taken < CAPACITY if answer.room else taken + doubts >= CAPACITY, case
            if not answer.room:
                return Decision()
        self.entries[key] = new
        return Decision(write=new) if held else Decision(place=new)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_look_up_at_full_rate_finds_what_those_ahead_left(dut: Any) -> None:
    """Keys in one set: forwarding at every distance, and the last free slots."""
    talk = await begin(dut)
    stalls, traffic = Stalls(talk.rng), FullRate(talk.rng)
    for _ in range(N_CYCLES):
        await talk.cycle(traffic.draw(idle=stalls()))
    await talk.idle(LATENCY + 1)
    assert {"put True", "put False", "room True", "room False", "remove True"} <= set(traffic.seen)


class Slots:
    """Operations on slots, which the model tells exactly once all those ahead are in force."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        ids = [(rng.randrange(2), rng.getrandbits(TABLE.id_bits)) for _ in range(12)]
        self.keys = colliding_keys(TABLE, CAPACITY + 4) + ids
        self.table = model.OrderTable[Entry](
            model.linear_hash(bucket_masks(Shapes(TABLE))), stash_slots=TABLE.stash_slots
        )
        self.seen: Counter[str] = Counter()

    def draw(self) -> Request:
        """Return a look-up, a scan, or the reading of a slot, each with what may follow from it."""
        roll = self.rng.random()
        return self._look_up() if roll < 0.6 else self._scan() if roll < 0.8 else self._pick()

    def _look_up(self) -> Request:
        key, new = (chosen := self.rng.choice(self.keys)), new_entry(self.rng, chosen)
        number = key[0] << TABLE.id_bits | key[1]
        removes = self.rng.random() < 0.2

        def decide(answer: Answer) -> Decision:
            table, held = self.table, self.table.get(number)
            room = table.room(number)
            assert answer.entry == held, key
            assert answer.room == (room is not None), key
            assert answer.stash_used == table.stash_used, key
            self.seen[f"stash {answer.stash_used}"] += 1
            if removes:
                table.remove(number)
                return Decision(remove=held is not None)
            if held is None and room is None:
                return Decision()
            table.put(number, new)
            return Decision(write=new) if held else Decision(place=new)

        return Request(key=key, placing=not removes, own=None if removes else (0, 0), decide=decide)

    def _scan(self) -> Request:
        rng, index = self.rng, self.rng.choice([0, 0, self.rng.randrange(TABLE.sets)])
        names = rng.sample(["book", "side", "inside"], rng.randrange(4))
        scan = {name: rng.randrange(2) for name in names}
        if rng.random() < 0.5:
            scan |= {"limit": rng.choice([7, 50]), "above": rng.randrange(2)}
        clears = rng.random() < 0.04

        def decide(answer: Answer) -> Decision:
            slots = self.table.slots_of(index)
            gone = [i for i, s in enumerate(slots) if belongs(self.table.at(s), scan)]
            assert answer.matches == sum(1 << i for i in gone), (index, scan)
            self.seen["matches"] += len(gone)
            for i in gone if clears else ():
                self.table.rewrite(slots[i], None)
            return Decision(clear=clears)

        return Request(set=index, scan=scan, decide=decide)

    def _pick(self) -> Request:
        index = self.rng.choice([0, 0, self.rng.randrange(TABLE.sets)])
        slots = self.table.slots_of(index)
        at = self.rng.randrange(len(slots))
        writes = self.rng.random() < 0.5

        def decide(answer: Answer) -> Decision:
            held = self.table.at(slots[at])
            assert answer.entry == held, slots[at]
            self.seen[f"picked {answer.hit}"] += 1
            if held is None or not writes:
                return Decision()
            new = (*held[:3], 1 - held[3], *held[4:])
            self.table.rewrite(slots[at], new)
            return Decision(write=new)

        return Request(set=index, pick=1 << at, decide=decide)


def belongs(entry: Entry | None, scan: dict[str, int]) -> bool:
    """Say whether a scan asks for an entry."""
    if entry is None:
        return False
    fields: list[tuple[str, Callable[[int], bool]]] = [
        ("book", entry[0].__eq__), ("side", entry[2].__eq__), ("inside", entry[3].__eq__),
    ]  # fmt: skip
    within = (entry[4] > scan.get("limit", HIGHEST)) == bool(scan.get("above", 0))
    return within and all(is_it(scan[name]) for name, is_it in fields if name in scan)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_slot_is_the_models_once_all_is_in_force(dut: Any) -> None:
    """Keys take the slots of the model; scans and picks see, change and clear them."""
    talk = await begin(dut)
    stalls, traffic = Stalls(talk.rng), Slots(talk.rng)
    for _ in range(N_CYCLES // SLOT_SPACING):
        await talk.cycle(traffic.draw())
        await talk.idle(SLOT_SPACING - 1)
        while stalls():
            await talk.idle(1)
    assert {f"stash {TABLE.stash_slots}", "picked True", "matches"} <= set(traffic.seen)
    assert traffic.seen["matches"] > 50
