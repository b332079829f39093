"""The style: colours, marks, sizes and files that all figures share."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from cycler import cycler
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from flopt.errors import FloptError, unknown
from flopt.objectives import Objective

__all__ = [
    "HATCHES",
    "LINES",
    "MARKERS",
    "THEMES",
    "Theme",
    "ThemeName",
    "axis_label",
    "canvas",
    "check_file",
    "dressed",
    "legend",
    "log_scale",
    "note",
    "save",
    "theme_of",
]

SUFFIXES = (".png", ".svg", ".pdf")
DPI = 200
CM_PER_INCH = 2.54
WIDTH_CM = 12.0
"""Wide enough for a page, and drawn with letters that stay readable in a column of 8 cm."""

ThemeName = Literal["light", "dark"]

# In black and white a series is told by its mark, its line and its hatching.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1)), (0, (3, 3)))
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "++++", "oooo", "||||")


@dataclass(frozen=True)
class Theme:
    """The colours of a figure; those of the series are Okabe and Ito's, which people with colour blindness tell apart.

    M. Okabe and K. Ito, "Color Universal Design" (2008).
    """

    paper: str
    ink: str
    faint: str
    series: tuple[str, ...]

    @property
    def main(self) -> str:
        """The colour of what the figure is about."""
        return self.series[0]

    @property
    def accent(self) -> str:
        """The colour of the one thing to look at."""
        return self.series[1]


THEMES: dict[str, Theme] = {
    "light": Theme(
        "#FFFFFF",
        "#1A1A1A",
        "#8C8C8C",
        ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442"),
    ),
    "dark": Theme(
        "#16191D",
        "#E8E8E8",
        "#7D8590",
        ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#0072B2", "#FFFFFF", "#F0E442"),
    ),
}


def theme_of(name: str) -> Theme:
    """A theme by its name."""
    if name not in THEMES:
        raise unknown("theme", name, THEMES)
    return THEMES[name]


@contextmanager
def dressed(theme: Theme, *, small: bool = False) -> Iterator[None]:
    """Matplotlib's settings of a theme, for the axes that are made inside."""
    size = 7.0 if small else 8.5
    settings: Any = {
        "font.size": size,
        "axes.titlesize": size,
        "axes.labelsize": size,
        "legend.fontsize": size - 1,
        "xtick.labelsize": size - 1,
        "ytick.labelsize": size - 1,
        "text.color": theme.ink,
        "axes.edgecolor": theme.faint,
        "axes.labelcolor": theme.ink,
        "xtick.color": theme.ink,
        "ytick.color": theme.ink,
        "axes.facecolor": theme.paper,
        "figure.facecolor": theme.paper,
        "savefig.facecolor": theme.paper,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": cycler(color=theme.series),
        "hatch.linewidth": 0.5,
        "hatch.color": theme.paper,
        "grid.color": theme.faint,
        "svg.hashsalt": "flopt",
    }
    with rc_context(settings):
        yield


def canvas(theme: Theme, width_cm: float = WIDTH_CM, *, shape: float = 0.72) -> Axes:
    """Empty axes on a figure of their own; `shape` is height over width."""
    if not 4 <= width_cm <= 60:
        raise FloptError(f"width = {width_cm:g} cm: must be between 4 and 60")
    with dressed(theme, small=width_cm < 10):
        width = width_cm / CM_PER_INCH
        tall = shape * width * (1.3 if width_cm < 10 else 1.0)  # what stands around the axes does not shrink
        figure = Figure(figsize=(width, max(tall, 2.1)), layout="constrained")
        return figure.add_subplot()


def check_file(file: Path) -> str:
    """The kind of picture that a file's name asks for, or an error."""
    kind = file.suffix.lower()
    if kind not in SUFFIXES:
        raise FloptError(f"picture {file}: must end in {', '.join(SUFFIXES)}")
    return kind


def save(axes: Axes, file: Path) -> None:
    """Write the figure of some axes into a `.png`, `.svg` or `.pdf` file; equal facts give equal bytes."""
    kind = check_file(file)
    # No date in the file, and no random ids.
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(kind)
    figure = cast(Figure, axes.figure)
    try:
        with rc_context({"svg.hashsalt": "flopt"}):
            figure.savefig(file, dpi=DPI, metadata=metadata)
    except OSError as error:
        raise FloptError(f"{file}: {error.strerror}") from None


def axis_label(objective: Objective) -> str:
    """What stands at an axis: the objective in words, with its unit."""
    words = {"co2e": "expected CO2e of the training", "accuracy": "validation accuracy"}
    name = words.get(objective.name, objective.name.replace("_", " "))
    return plain(name + (f" ({objective.unit})" if objective.unit else ""))


def plain(text: str) -> str:
    """Text as it is: a dollar sign starts no formula."""
    return text.replace("$", r"\$")


def log_scale(axis: Axis, low: float, high: float) -> None:
    """A log scale whose labels neither crowd nor vanish, whatever the range."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})  # type: ignore[attr-defined]
    decades = high / low if low > 0 else 1e9
    subs = (1.0,) if decades > 300 else (1.0, 3.0) if decades > 12 else (1.0, 2.0, 5.0)
    axis.set_major_locator(LogLocator(subs=subs, numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axis.set_minor_locator(NullLocator() if len(subs) > 1 else LogLocator(subs=(2.0, 3.0, 5.0, 7.0), numticks=12))
    axis.set_minor_formatter(NullFormatter())


def _short(value: float) -> str:
    """2e-06 as a person writes it; a plain number where that is short."""
    if 1e-3 <= value < 1e4:
        return f"{value:g}"
    mantissa, exponent = f"{value:.0e}".split("e")
    power = f"10^{{{int(exponent)}}}"
    return f"${power}$" if mantissa == "1" else rf"${mantissa}{{\times}}{power}$"


def legend(axes: Axes, *, columns: int = 4) -> None:
    """The legend, above the axes where it covers nothing, in as many columns as fit."""
    handles, names = axes.get_legend_handles_labels()
    if not handles:
        return
    letters = _letters(axes, float(axes.xaxis.label.get_fontsize()) - 1)
    columns = max(1, min(columns, len(handles), letters // (max(map(len, names)) + 9)))
    axes.legend(
        handles,
        names,
        frameon=False,
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=columns,
        borderaxespad=0.2,
        handlelength=2.2,
        handletextpad=0.5,
        columnspacing=1.0,
        labelcolor=axes.xaxis.label.get_color(),
    )


def note(axes: Axes, lines: Sequence[str], theme: Theme) -> None:
    """What the picture was made from, in small letters under its x label, which must be there."""
    size = float(axes.xaxis.label.get_fontsize()) - 2
    text = "\n".join(part for line in lines if line for part in textwrap.wrap(line, _letters(axes, size)))
    place = axes.get_subplotspec()
    alone = place is not None and place.get_geometry()[:2] == (1, 1)
    axes.annotate(
        plain(text),
        (0.015 if alone else 0, 0),
        xycoords=("figure fraction" if alone else "axes fraction", axes.xaxis.label),
        xytext=(0, -size * 0.8),
        textcoords="offset points",
        fontsize=size,
        color=theme.faint,
        va="top",
        ha="left",
        annotation_clip=False,
    )


def _letters(axes: Axes, size: float) -> int:
    """How many letters of a size in points fit beside each other over the axes."""
    width_in: float = axes.figure.get_figwidth()  # type: ignore[union-attr]
    return max(20, int(width_in * 72 * 0.92 / (size * 0.52)))
