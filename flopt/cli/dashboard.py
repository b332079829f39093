"""`flopt dashboard`: a study in optuna-dashboard, with flopt's front as a panel."""

from __future__ import annotations

import socket
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flopt.cli.printing import note
from flopt.drawing.front import FrontFigure, front_figure
from flopt.errors import FloptError
from flopt.results import open_results, read_store
from flopt.search.stores.storage import Journal

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["HOST", "add_panel", "panel", "serve"]

HOST = "127.0.0.1"
PANEL = "flopt-front"


def panel(facts: FrontFigure) -> go.Figure:
    """The front as plotly has it, from the facts of the picture."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for path in facts.trajectories:
        line = {"color": "rgba(128, 128, 128, 0.3)", "width": 1}
        figure.add_scatter(x=path[:, 0], y=path[:, 1], mode="lines", line=line, hoverinfo="skip", showlegend=False)
    figure.add_scatter(
        x=facts.front[:, 0], y=facts.front[:, 1], mode="lines+markers", line={"shape": "hv"}, name="front"
    )
    if facts.knee is not None:
        x, y = facts.front[facts.knee]
        figure.add_scatter(x=[x], y=[y], mode="markers", marker={"symbol": "diamond", "size": 12}, name="knee")
    axis = {"title": facts.x_label, "type": "log" if facts.log_x else "linear"}
    return figure.update_layout(title="flopt: every round of every run", xaxis=axis, yaxis={"title": facts.y_label})


def add_panel(folder: Path) -> None:
    """Write the panel into the study, in the place of an older one.

    Refused while a search is writing into its journal; a database takes both.
    """
    optuna_dashboard = _dashboard()
    results = open_results(folder)
    shared = results.study.storage is not None
    with read_store(folder) if shared else Journal.reopen(folder) as store:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Optuna calls the names of objectives experimental
            store.study.set_metric_names([objective.name for objective in results.problem.objectives])
        optuna_dashboard.save_plotly_graph_object(store.study, panel(front_figure(results)), graph_object_id=PANEL)


def serve(folder: Path, port: int) -> None:
    """Serve the dashboard on this machine only, until Ctrl-C."""
    optuna_dashboard = _dashboard()
    try:
        add_panel(folder)
    except FloptError as error:
        if "in use" not in str(error):
            raise
        note(f"{error}; the panel stays as it is")
    chosen = port or _free_port()
    with read_store(folder) as store:
        note(f"http://{HOST}:{chosen}/dashboard, until Ctrl-C")
        try:
            optuna_dashboard.run_server(store.study._storage, host=HOST, port=chosen)
        except OSError as error:
            raise FloptError(f"port {chosen}: {error.strerror}; choose another by --port, or 0 for any") from None


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


def _dashboard() -> Any:
    try:
        import optuna_dashboard
    except ImportError:
        raise FloptError("dashboard: it needs optuna-dashboard: pip install 'flopt-carbon[dashboard]'") from None
    return optuna_dashboard
