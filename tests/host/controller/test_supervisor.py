"""Message-level tests of host.controller.supervisor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.controller.supervisor import START_S, Supervisor
from host.env import Environment
from host.protocol import messages as m
from host.protocol.endpoints import LIVENESS_S

FPGA, CLIENT = b"worker.fpga", b"client"
READY = m.WorkerReady(sent_at=1, worker="fpga", endpoint="ipc:///e")
BEAT = m.Heartbeat(sent_at=1, sender="fpga")


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def environment(self) -> Environment:
        """Return an environment that shows this time."""
        return Environment(monotonic=lambda: self.now, wall_ns=lambda: int(self.now * 1e9))


def make(clock: Clock | None = None) -> Supervisor:
    return Supervisor("fpga", (clock or Clock()).environment())


def tell(supervisor: Supervisor, message: m.Message, sender: bytes = FPGA) -> m.Message | None:
    return supervisor.handle(sender, [m.encode(message)])


def test_follows_a_worker_from_start_to_stop() -> None:
    supervisor = make()
    assert supervisor.worker.state == "starting"
    tell(supervisor, m.WorkerStage(sent_at=1, worker="fpga", stage="compiling"))
    assert (supervisor.worker.state, supervisor.worker.detail) == ("starting", "compiling")
    tell(supervisor, READY)
    assert (supervisor.worker.state, supervisor.worker.endpoint) == ("ready", "ipc:///e")
    assert tell(supervisor, m.Stop(request_id=8), CLIENT) == m.Done(request_id=8)
    assert supervisor.stopping
    supervisor.worker_ended("exit code 0")
    assert (supervisor.worker.state, supervisor.worker.detail) == ("stopped", "exit code 0")


def test_answers_heartbeats_and_passes_on_what_was_refused() -> None:
    supervisor = make()
    assert isinstance(tell(supervisor, BEAT), m.Heartbeat)
    supervisor.changed = False
    tell(supervisor, BEAT)
    unchanged = not supervisor.changed
    tell(supervisor, BEAT.model_copy(update={"refused": 3}))
    changed = supervisor.changed
    assert unchanged
    assert changed
    assert supervisor.worker.refused == 3


def test_a_worker_that_ends_unasked_is_lost() -> None:
    supervisor = make()
    tell(supervisor, READY)
    supervisor.worker_ended("signal SIGKILL")
    assert (supervisor.worker.state, supervisor.worker.code) == ("lost", "crash")


def test_what_a_worker_failed_of_outlives_its_process() -> None:
    supervisor = make()
    tell(supervisor, m.WorkerFailed(sent_at=1, worker="fpga", code="mismatch", reason="other id"))
    supervisor.worker_ended("exit code 1")
    tell(supervisor, READY)
    state = supervisor.worker
    assert (state.state, state.code, state.detail) == ("failed", "mismatch", "other id")


def test_silence_is_noticed_after_the_liveness_time_and_no_sooner() -> None:
    clock = Clock()
    supervisor = make(clock)
    clock.now = START_S
    assert not supervisor.worker_silent()
    tell(supervisor, BEAT)
    clock.now += LIVENESS_S
    assert not supervisor.worker_silent()
    clock.now += 0.1
    assert supervisor.worker_silent()
    supervisor.worker_ended("killed")
    assert not supervisor.worker_silent()


def test_published_states_are_numbered_and_answers_are_not() -> None:
    supervisor = make()
    assert [supervisor.status().sequence for _ in range(3)] == [1, 2, 3]
    answer = tell(supervisor, m.StatusRequest(request_id=5), CLIENT)
    assert isinstance(answer, m.ControllerStatus)
    assert (answer.request_id, answer.sequence) == (5, 3)
    assert supervisor.status().sequence == 4


@pytest.mark.parametrize(
    ("sender", "message"),
    [(CLIENT, READY), (b"worker.other", BEAT), (FPGA, m.Done(request_id=1))],
    ids=["a client as worker", "an unknown worker", "no command"],
)
def test_refuses_what_is_not_for_it(sender: bytes, message: m.Message) -> None:
    supervisor = make()
    answer = tell(supervisor, message, sender)
    assert isinstance(answer, m.Failure)
    assert f"does not take {message.kind}" in answer.reason
    assert supervisor.worker.state == "starting"
    assert supervisor.status().refused == 1


@given(st.binary(max_size=30), st.lists(st.binary(max_size=120), max_size=4))
def test_any_frames_are_refused_and_counted(sender: bytes, frames: list[bytes]) -> None:
    supervisor = make()
    answer = supervisor.handle(sender, frames)
    assert isinstance(answer, m.Failure)
    assert answer.code == "bad_message"
    assert supervisor.status().refused == 1
    assert not supervisor.stopping
