"""A role's decisions, read over REST and drawn as a chart.

    pip install httpx pandas matplotlib
    GUV_URL=$(heroku config:get GUV_URL) python docs/decisions.py shop worker decisions.png

In a notebook, make each of the three functions a cell.
"""

import io
import os
import sys

import httpx
import matplotlib.pyplot as plt
import pandas as pd

FIELDS = (
    "at,current,desired,direction,reason,explanation,predicted_wait,"
    "sample.messages_ready,sample.messages_unacknowledged,estimates.arrival_rate"
)


def read_decisions(url: str, app: str, role: str) -> pd.DataFrame:
    """Read a role's decisions, oldest first, one row each; unknown values are NaN."""
    query = {"app": app, "role": role, "format": "csv", "fields": FIELDS}
    with httpx.Client(timeout=60) as client:
        answer = client.get(f"{url}/decisions", params=query).raise_for_status()
    frame = pd.read_csv(io.StringIO(answer.text), parse_dates=["at"]).set_index("at").sort_index()
    frame["backlog"] = frame["sample.messages_ready"] + frame["sample.messages_unacknowledged"]
    return frame


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Count the decisions by reason and direction."""
    return frame.pivot_table(
        index="reason", columns="direction", values="desired", aggfunc="size", fill_value=0
    )


def plot(frame: pd.DataFrame, title: str) -> plt.Figure:
    """Draw the backlog above the dynos, with a dot at each change in the color of its reason."""
    figure, (above, below) = plt.subplots(2, sharex=True, figsize=(11, 6), layout="constrained")
    above.fill_between(frame.index, frame["backlog"], step="post", color="tab:gray", alpha=0.5)
    above.set(ylabel="messages", title=title)
    below.step(frame.index, frame["desired"], where="post", color="black")
    for reason, changes in frame[frame["direction"] != "hold"].groupby("reason"):
        below.plot(changes.index, changes["desired"], "o", label=reason)
    below.set(ylabel="dynos", ylim=(0, None))
    if below.get_legend_handles_labels()[0]:
        below.legend(title="changed because of")
    return figure


if __name__ == "__main__":
    app_name, role_name, file_name = sys.argv[1:]
    decisions = read_decisions(os.environ["GUV_URL"], app_name, role_name)
    print(summary(decisions))
    plot(decisions, f"{role_name} of {app_name}").savefig(file_name)
