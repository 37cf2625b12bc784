"""Fields that OUCH 5.0 messages share."""

from typing import Annotated

from host.wire.fields import Alpha, code_of

__all__ = [
    "Capacity",
    "ClientId",
    "Code",
    "Cross",
    "Display",
    "Firm",
    "Side",
    "State",
    "Symbol",
    "TimeCode",
    "YesNo",
]

Side = Annotated[str, code_of("BSTE")]
Symbol = Annotated[str, Alpha(8)]
Firm = Annotated[str, Alpha(4)]
ClientId = Annotated[str, Alpha(14)]
TimeCode = Annotated[str, code_of("0356E")]
Display = Annotated[str, code_of("YNAZ")]
Capacity = Annotated[str, code_of("APRO")]
YesNo = Annotated[str, code_of("YN")]
Cross = Annotated[str, code_of("NOCHSREA")]
State = Annotated[str, code_of("LD")]
Code = Annotated[str, Alpha(1)]
