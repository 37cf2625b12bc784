"""Readers of market captures: files in, batches of market updates and checks out."""

from sim.captures.capture import Capture, CaptureBatch, CaptureError, open_capture
from sim.captures.needs import Needs, measure
from sim.captures.records import RecordsWriter

__all__ = [
    "Capture",
    "CaptureBatch",
    "CaptureError",
    "Needs",
    "RecordsWriter",
    "measure",
    "open_capture",
]
