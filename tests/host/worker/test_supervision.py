"""Message-level tests of host.worker.supervision."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import zmq

from host.env import Environment
from host.protocol import messages as m
from host.protocol.endpoints import LIVENESS_S
from host.worker.supervision import StageHandler, Supervision

ENDPOINT = "inproc://control"
WAIT_MS = 5000


@dataclass
class Line:
    """Both ends of a line, and the time that the worker sees."""

    worker: Supervision
    controller: "zmq.Socket[bytes]"
    now: float = 0.0

    def heard(self) -> m.Message:
        """Return the next message of the worker that is no heartbeat."""
        while True:
            assert self.controller.poll(WAIT_MS)
            sender, body = self.controller.recv_multipart()
            assert sender == b"worker.fpga"
            message = m.decode(body)
            if not isinstance(message, m.Heartbeat):
                return message


@contextmanager
def connected(refused: int = 0) -> Iterator[Line]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    controller = context.socket(zmq.ROUTER)
    controller.setsockopt(zmq.LINGER, 0)
    controller.bind(ENDPOINT)
    env = Environment(monotonic=lambda: line.now, wall_ns=lambda: 77)
    worker = Supervision(context, ENDPOINT, "fpga", env, refused=lambda: refused)
    line = Line(worker, controller)
    worker.start()
    try:
        yield line
    finally:
        worker.finish()
        controller.close()
        context.term()


def test_heartbeats_carry_what_was_refused() -> None:
    with connected(refused=3) as line:
        assert line.controller.poll(WAIT_MS)
        _, body = line.controller.recv_multipart()
        assert m.decode(body) == m.Heartbeat(sent_at=77, sender="fpga", refused=3)


def test_what_is_logged_becomes_a_stage() -> None:
    with connected() as line:
        logger = logging.getLogger("tests.backend")
        logger.setLevel(logging.DEBUG)
        logger.addHandler(StageHandler(line.worker))
        logger.debug("not this")
        logger.info("compiling %d", 7)
        assert line.heard() == m.WorkerStage(sent_at=77, worker="fpga", stage="compiling 7")


def test_a_stop_is_noticed_and_nonsense_is_not_one(caplog: pytest.LogCaptureFixture) -> None:
    with connected() as line:
        assert line.controller.poll(WAIT_MS)
        line.controller.send_multipart([b"worker.fpga", b"nonsense"])
        line.controller.send_multipart([b"worker.fpga", m.encode(m.Done(request_id=1))])
        time.sleep(0.2)
        assert not line.worker.stopping.is_set()
        line.controller.send_multipart([b"worker.fpga", m.encode(m.Stop(request_id=1))])
        assert line.worker.stopping.wait(WAIT_MS / 1000)
    assert "Invalid JSON" in caplog.text


def test_a_silent_controller_ends_the_worker() -> None:
    with connected() as line:
        line.now = LIVENESS_S - 0.1
        assert not line.worker.stopping.wait(0.2)
        line.now = LIVENESS_S + 0.1
        assert line.worker.stopping.wait(WAIT_MS / 1000)


def test_the_last_message_is_sent_before_the_end() -> None:
    with connected() as line:
        done = m.WorkerFailed(sent_at=1, worker="fpga", code="crash", reason="r")
        line.worker.send(done)
        line.worker.finish()
        assert line.heard() == done
