"""Make every picture in docs/figures: `make figures`. Five searches of recorded runs, each with another seed."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from matplotlib.axes import Axes
from PIL import Image

import flopt
from flopt import figures

HERE = Path(__file__).parent / "figures"
SEEDS = 5
WIDTH_CM = 12.0


def main(out: Path = HERE) -> None:
    """One picture of each kind, light; the front also as it is in a dark page."""
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        studies = [Path(folder) / f"seed_{seed}" for seed in range(SEEDS)]
        for seed, study in enumerate(studies):
            flopt.tune({"oracle": "recorded", "seed": seed, "workers": 1}, out=study)
        for kind in figures.KINDS:
            others = studies[1:] if kind == "attainment" else []
            axes = figures.draw(kind, studies[0], others=others, look=figures.Look(width_cm=WIDTH_CM))
            _save(axes, out / f"{kind}.png")
        dark = figures.front(studies[0], look=figures.Look("dark", WIDTH_CM))
        _save(dark, out / "front_dark.png")


def _save(axes: Axes, file: Path) -> None:
    """A picture of few colours, to be small."""
    figures.save(axes, file)
    Image.open(file).convert("RGB").quantize(96).save(file, optimize=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
