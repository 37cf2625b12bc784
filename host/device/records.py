"""NumPy dtypes of the records in ``hw/records.toml``."""

from typing import Final

import numpy as np

from hw.records import BOOK_EVENT, MARKET_UPDATE

__all__ = ["EVENT_DTYPE", "UPDATE_DTYPE"]

UPDATE_DTYPE: Final = np.dtype(MARKET_UPDATE.numpy_fields)
EVENT_DTYPE: Final = np.dtype(BOOK_EVENT.numpy_fields)
