"""How are times kept so that percentiles over any span are right? As sketches that can be merged.

A sketch answers every percentile within two percent of the true value, however many values it holds
(DDSketch), and two sketches merged are the sketch of all their values.
"""

import zlib
from collections.abc import Iterable, Mapping

from ddsketch import DDSketch
from ddsketch.pb.ddsketch_pb2 import DDSketch as Message
from ddsketch.pb.proto import DDSketchProto

ACCURACY = 0.02  # of a percentile, as a part of it


def sketch_of(counts: Mapping[float, int]) -> DDSketch:
    """The sketch of these values, each so many times; seconds, 0 or more."""
    sketch = DDSketch(ACCURACY)
    for value, count in counts.items():
        sketch.add(value, count)
    return sketch


def merged(sketches: Iterable[DDSketch]) -> DDSketch:
    """The sketch of all their values."""
    total = DDSketch(ACCURACY)
    for sketch in sketches:
        total.merge(sketch)
    return total


def percentile(sketch: DDSketch, percent: float) -> float | None:
    """The value that so many percent of the values are at or below; None: there are none."""
    value = sketch.get_quantile_value(percent / 100.0)
    return None if value is None else float(value)


def packed(sketch: DDSketch) -> bytes:
    """The sketch as some hundred bytes."""
    message = DDSketchProto.to_proto(sketch)  # type: ignore[no-untyped-call]  # it has no types
    return zlib.compress(message.SerializeToString(), 1)


def unpacked(data: bytes | None) -> DDSketch:
    """The sketch again; of None an empty one."""
    if data is None:
        return DDSketch(ACCURACY)
    message = Message()
    message.ParseFromString(zlib.decompress(data))
    sketch: DDSketch = DDSketchProto.from_proto(message)  # type: ignore[no-untyped-call]
    return sketch
