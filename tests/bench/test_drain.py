from bench.drain import LINES, router_lines
from guv.web_metrics.log_lines import Request, is_wanted, read_line, split_frames


def test_every_line_that_is_measured_is_one_that_guv_reads() -> None:
    lines = split_frames(router_lines())
    assert len(lines) == LINES
    assert all(is_wanted(line) and isinstance(read_line(line), Request) for line in lines)
