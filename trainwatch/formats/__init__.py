"""Log dialects as data: templates, fields and sample lines, in one registry."""

from trainwatch.formats import (
    autoencoder,
    automation,
    chinese,
    detection,
    gpt,
    huggingface,
    keras,
    learners,
    lightning,
    openmmlab,
    pretraining,
    speech,
    vision,
)
from trainwatch.formats.dialect import Dialect, Kind, LineFormat, RecordFormat, Sample, Shape
from trainwatch.formats.template import Field, FieldType, Template

DIALECTS: tuple[Dialect, ...] = (
    *(autoencoder.DIALECT, chinese.DIALECT, automation.DIALECT),
    *gpt.DIALECTS,
    *pretraining.DIALECTS,
    *huggingface.DIALECTS,
    *lightning.DIALECTS,
    *openmmlab.DIALECTS,
    *detection.DIALECTS,
    *vision.DIALECTS,
    *keras.DIALECTS,
    *speech.DIALECTS,
    *learners.DIALECTS,
)
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
