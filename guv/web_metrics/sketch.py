"""Sketches of times: percentiles over any range, since sketches can be merged.

A sketch answers every percentile within two percent of the true value, however many values it holds
(DDSketch), and two sketches merged are the sketch of all their values.
"""

import zlib
from collections.abc import Iterable, Mapping

from ddsketch import DDSketch
from ddsketch.pb.ddsketch_pb2 import DDSketch as Message
from ddsketch.pb.proto import DDSketchProto

ACCURACY = 0.02  # relative error of a percentile


def sketch_of(counts: Mapping[float, int]) -> DDSketch:
    """Make the sketch of values in seconds, each with its count."""
    sketch = DDSketch(ACCURACY)
    for value, count in counts.items():
        sketch.add(value, count)
    return sketch


def merged(sketches: Iterable[DDSketch]) -> DDSketch:
    """Merge sketches."""
    total = DDSketch(ACCURACY)
    for sketch in sketches:
        total.merge(sketch)
    return total


def percentile(sketch: DDSketch, percent: float) -> float | None:
    """Return the value below which `percent` of the values are; None: there are none."""
    value = sketch.get_quantile_value(percent / 100.0)
    return None if value is None else float(value)


def packed(sketch: DDSketch) -> bytes:
    """Serialize a sketch to some hundred bytes."""
    message = DDSketchProto.to_proto(sketch)  # type: ignore[no-untyped-call]  # it has no types
    return zlib.compress(message.SerializeToString(), 1)


def unpacked(data: bytes | None) -> DDSketch:
    """Deserialize a sketch; None becomes an empty one."""
    if data is None:
        return DDSketch(ACCURACY)
    message = Message()
    message.ParseFromString(zlib.decompress(data))
    sketch: DDSketch = DDSketchProto.from_proto(message)  # type: ignore[no-untyped-call]
    return sketch
