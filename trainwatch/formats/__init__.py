"""Log dialects as data: templates, fields and sample lines, in one registry."""

from trainwatch.formats import autoencoder, automation, chinese
from trainwatch.formats.dialect import Dialect, Kind, LineFormat, RecordFormat, Sample, Shape
from trainwatch.formats.template import Field, FieldType, Template

DIALECTS: tuple[Dialect, ...] = (autoencoder.DIALECT, chinese.DIALECT, automation.DIALECT)
"""Every known dialect, in the order in which they are tried."""

__all__ = [
    "DIALECTS",
    "Dialect",
    "Field",
    "FieldType",
    "Kind",
    "LineFormat",
    "RecordFormat",
    "Sample",
    "Shape",
    "Template",
]
