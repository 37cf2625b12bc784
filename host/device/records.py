"""NumPy dtypes of the records in ``hw/records.toml``."""

from typing import Final

import numpy as np

from hw.records import BOOK_EVENT, MARKET_UPDATE, ORDER, RISK_EVENT, RISK_REQUEST

__all__ = ["EVENT_DTYPE", "ORDER_DTYPE", "RISK_EVENT_DTYPE", "RISK_REQUEST_DTYPE", "UPDATE_DTYPE"]

UPDATE_DTYPE: Final = np.dtype(MARKET_UPDATE.numpy_fields)
EVENT_DTYPE: Final = np.dtype(BOOK_EVENT.numpy_fields)
RISK_REQUEST_DTYPE: Final = np.dtype(RISK_REQUEST.numpy_fields)
ORDER_DTYPE: Final = np.dtype(ORDER.numpy_fields)
RISK_EVENT_DTYPE: Final = np.dtype(RISK_EVENT.numpy_fields)
