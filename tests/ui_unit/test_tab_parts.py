"""Parts of the tabs without a page: labels that do not meet, spreads beside the bound."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.backend.bifurcation import bifurcation_diagram
from explorer.backend.fisher import prior_sd
from explorer.backend.fisher_report import fisher_at
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.settings import make_settings
from explorer.backend.sobol_store import shipped
from explorer.ui.bifurcation import BifurcationView
from explorer.ui.bifurcation_labels import FRAME_PX, LETTER, Place, places
from explorer.ui.fisher_view import FisherView, Spread, directions_text, report_html
from explorer.ui.sobol_words import bars_text, connectivity_text
from explorer.ui.theme import LECTURE_FONT, THEMES

Box = tuple[float, float, float, float]


def box(share: np.ndarray, text: str, place: Place, font: int) -> Box:
    """Left, top, right, bottom of a label in px."""
    width, height = LETTER * font * len(text), font
    x, y = share[0] * FRAME_PX[0] + place.dx, (1 - share[1]) * FRAME_PX[1] + place.dy
    left = x - width if place.align == "right" else x
    return left, y - height / 2, left + width, y + height / 2


def meet(a: Box, b: Box) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


@pytest.mark.parametrize("font", [13, LECTURE_FONT])
def test_labels_meet_neither_each_other_nor_the_edge(font: int) -> None:
    shares = np.array([[0.02, 0.5], [0.08, 0.55], [0.31, 0.58], [0.36, 0.37], [0.81, 0.64]])
    texts = ["fold −41.301 s⁻¹", "Hopf −12.147 s⁻¹, 7.24 Hz", "Hopf 89.829 s⁻¹, 10.38 Hz",
             "fold 113.59 s⁻¹", "Hopf 315.7 s⁻¹, 11.16 Hz"]  # fmt: skip
    found = places(shares, texts, np.zeros((0, 2)), font)
    boxes = [box(*row, font) for row in zip(shares, texts, found, strict=True)]
    assert not any(meet(a, b) for k, a in enumerate(boxes) for b in boxes[:k])
    assert all(b[0] >= 0 and b[2] <= FRAME_PX[0] for b in boxes)


def test_a_label_keeps_off_a_curve() -> None:
    mark, text = np.array([[0.5, 0.5]]), ["Hopf 1"]
    beside = places(mark, text, np.zeros((0, 2)), 13)[0]
    assert (beside.align, beside.dy) == ("left", 0)
    line = np.column_stack([np.linspace(0, 1, 200), np.full(200, 0.5)])
    assert abs(places(mark, text, line, 13)[0].dy) >= 20


def test_the_diagram_is_empty_with_words_until_it_arrives() -> None:
    settings = make_settings("jansen_rit")
    view = BifurcationView("p_mean", settings, lambda *_: None)
    view.dress(THEMES["light"], 13)
    assert "being computed" in view._waiting.text
    view.show(bifurcation_diagram(settings, "p_mean", n=60))
    assert view._waiting.text == ""
    assert len(view.criticals.data["x"]) == 5
    view.show_parameter("A_e", settings)
    assert "being computed" in view._waiting.text
    assert len(view.criticals.data["x"]) == len(view.rests[True].data["xs"]) == 0


def test_spreads_stand_beside_the_bound_at_their_share_of_the_prior() -> None:
    settings = make_settings("jansen_rit")
    view, prior = FisherView(), prior_sd(settings.table)
    sd = 0.5 * prior
    sd[3] = np.nan
    spreads = [Spread("LSTM", sd, "#ff0000", "square"), Spread("NPE", 3 * prior, "blue", "x")]
    view.show_spreads(spreads, "jansen_rit", settings.theta[:9])
    data = view.spreads.data
    assert len(data["x"]) == 17 and data["estimator"].count("LSTM") == 8
    for x, estimator in zip(data["x"], data["estimator"], strict=True):
        assert x == pytest.approx({"LSTM": 0.5, "NPE": 1.0}[estimator])
    rows = [round(y) for y in data["y"][:8]]
    assert rows == [8 - k for k in range(9) if k != 3]  # the first parameter on top
    assert data["text"][0].startswith(f"±{float(f'{sd[0]:.2g}'):g} mV")
    view.show_spreads([], "jansen_rit", settings.theta[:9])
    assert data is not view.spreads.data and view.spreads.data["x"] == []


def test_the_stiff_and_the_sloppy_direction_are_written_out() -> None:
    report = fisher_at(make_settings("jansen_rit"))
    stiff, sloppy = directions_text(report)
    told = [d for d in report.directions if d.eigenvalue > 1.001]
    assert len(told) == 7  # nine, and two exact symmetries
    assert f"to {100 * told[0].relative_sd:.2g} %" in stiff
    assert f"to {100 * told[6].relative_sd:.2g} %" in sloppy
    assert "<sup>" in stiff and "^" not in stiff
    assert stiff in report_html(report).replace("&nbsp;", " ").replace("<sub>", "_").replace(
        "</sub>", ""
    )


def test_side_by_side_says_how_little_the_connectivity_carries_in_deepjr() -> None:
    tables = list(shipped().values())
    assert [t.settings.circuit for t in tables] == ["jansen_rit", "deepjr"]
    where = [INFERRED_NAMES.index(n) for n in ("C", "a_1", "a_2", "a_3", "a_4")]
    largest = tables[0].of_features.st[tables[0].row("rms"), where].max()
    assert connectivity_text(tables, "rms") == (
        f"Largest ST of the connectivity, C and a_1 to a_4: Jansen-Rit {largest:.2f}, "
        "deepjr below 0.01."
    )
    assert connectivity_text(tables, "peak_frequency") == ""
    text = bars_text(tables, "rms")
    for table in tables:
        assert table.date[:10] in text
    assert text.count("8\u202f192") == 2 and text.count("C 65–") == 2  # each with its ranges
