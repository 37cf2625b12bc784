"""The fpga worker: opens a device, serves it, and ends when told or when the controller is gone."""

import logging
from pathlib import Path
from typing import Final

import zmq

from host.device.base import Device, DeviceMismatchError
from host.device.registry import open_device
from host.env import Environment
from host.protocol.endpoints import DATA_HWM, control_endpoint, data_endpoint
from host.protocol.messages import WorkerFailed, WorkerReady
from host.worker.service import DeviceService
from host.worker.supervision import StageHandler, Supervision
from hw.presets import BookParameters

__all__ = ["run", "serve"]

_log = logging.getLogger(__name__)
_POLL_MS: Final = 50  # how soon a stop is noticed, and the deadman refreshed, while none asks


def run(
    directory: Path, worker: str, backend: str, parameters: BookParameters, env: Environment
) -> int:
    """Run a worker until it is stopped; return the exit code."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    services: list[DeviceService] = []
    line = Supervision(
        context,
        control_endpoint(directory),
        worker,
        env,
        refused=lambda: services[0].refused if services else 0,
    )
    line.start()
    device: Device | None = None
    try:
        line.stage(f"opening device {backend}")
        device = _open_with_progress(backend, parameters, line)
        services.append(DeviceService(device, env))
        serve(context, data_endpoint(directory, worker), services[0], line, worker, env)
    except Exception as error:  # reported to the controller, which tells the clients
        _log.exception("worker %s failed", worker)
        line.send(_failed(worker, error, opened=device is not None, env=env))
        return 1
    finally:
        if device is not None:
            device.close()
        line.finish()
        context.term()
    return 0


def _open_with_progress(backend: str, parameters: BookParameters, line: Supervision) -> Device:
    handler = StageHandler(line)
    logging.getLogger().addHandler(handler)
    try:
        return open_device(backend, parameters)
    finally:
        logging.getLogger().removeHandler(handler)


def _failed(worker: str, error: Exception, *, opened: bool, env: Environment) -> WorkerFailed:
    return WorkerFailed(
        sent_at=env.wall_ns(),
        worker=worker,
        code="mismatch"
        if isinstance(error, DeviceMismatchError)
        else "crash"
        if opened
        else "device",
        reason=f"{error}"[:4000] or type(error).__name__,
    )


def serve(
    context: "zmq.Context[zmq.Socket[bytes]]",
    endpoint: str,
    service: DeviceService,
    line: Supervision,
    worker: str,
    env: Environment,
) -> None:
    """Answer clients at ``endpoint`` until the line says stop."""
    socket = context.socket(zmq.ROUTER)
    try:
        socket.set_hwm(DATA_HWM)
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        socket.setsockopt(zmq.LINGER, 0)
        socket.bind(endpoint)
        line.send(WorkerReady(sent_at=env.wall_ns(), worker=worker, endpoint=endpoint))
        while not line.stopping.is_set():
            service.tick()
            if not socket.poll(_POLL_MS):
                continue
            client, *frames = socket.recv_multipart()
            for answer in service.handle(client, frames):
                _answer(socket, client, answer)
    finally:
        socket.close()


def _answer(socket: "zmq.Socket[bytes]", client: bytes, frames: list[bytes]) -> None:
    try:
        socket.send_multipart([client, *frames], zmq.DONTWAIT, copy=False)
    except zmq.ZMQError as error:  # gone, or it asks without ever reading: its loss, not ours
        _log.warning("client %s does not take its answer: %s", client.hex(), error)
