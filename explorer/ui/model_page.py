# ruff: noqa: E501
"""The Model tab and the help: equations, the table, the circuits, generated from the data."""

from __future__ import annotations

from html import escape

from explorer.backend.circuits import CIRCUITS
from explorer.backend.parameters import PARAMETERS, Parameter

_EQUATIONS = """
<p class="eq">
y<sub>0</sub>″ = A<sub>e</sub> b<sub>e</sub> ( w<sub>e</sub> u(t) + S(y<sub>1</sub> − y<sub>2</sub>) ) − 2 b<sub>e</sub> y<sub>0</sub>′ − b<sub>e</sub>² y<sub>0</sub><br>
y<sub>1</sub>″ = A<sub>e</sub> b<sub>e</sub> ( p(t) + w<sub>p</sub> u(t) + C a<sub>2</sub> S(C a<sub>1</sub> y<sub>0</sub>) ) − 2 b<sub>e</sub> y<sub>1</sub>′ − b<sub>e</sub>² y<sub>1</sub><br>
y<sub>2</sub>″ = A<sub>i</sub> b<sub>i</sub> ( w<sub>i</sub> u(t) + C a<sub>4</sub> S(C a<sub>3</sub> y<sub>0</sub>) ) − 2 b<sub>i</sub> y<sub>2</sub>′ − b<sub>i</sub>² y<sub>2</sub><br>
S(v) = v<sub>max</sub> / (1 + exp(r (v<sub>0</sub> − v))) &nbsp;&nbsp; source(t) = y<sub>1</sub> − y<sub>2</sub> (mV) &nbsp;&nbsp; p(t) = p + p<sub>sd</sub> ξ(t), ξ unit white noise
</p>"""


def _number(value: float) -> str:
    return f"{value:g}"


def _row(row: Parameter) -> str:
    cells = (
        row.html,
        row.jr95 or "–",
        escape(row.label),
        row.unit or "–",
        _number(row.default),
        f"{_number(row.low)} – {_number(row.high)}",
        f"{_number(row.trained[0])} – {_number(row.trained[1])}" if row.trained else "fixed",
        escape(row.meaning),
        escape(row.source),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _table(title: str, rows: list[Parameter]) -> str:
    heads = ("", "JR95", "name", "unit", "default", "range", "trained", "meaning", "source")
    head = "".join(f"<th>{h}</th>" for h in heads)
    body = "".join(_row(row) for row in rows)
    return f"<h3>{title}</h3><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _circuit_table(name: str) -> str:
    table = CIRCUITS[name]
    rows = [r for r in table.parameters.values() if name == "jansen_rit" or r != PARAMETERS[r.name]]
    title = table.title if name == "jansen_rit" else f"{table.title}: where it differs"
    weights = ", ".join(_number(w) for w in table.stimulus_weights)
    return (
        _table(escape(title), rows)
        + f"<p>{escape(table.meaning)} Stimulus weights (w<sub>e</sub>, w<sub>p</sub>, "
        f"w<sub>i</sub>) = ({weights}).</p>"
    )


def model_html() -> str:
    """The Model tab."""
    circuits = "".join(_circuit_table(name) for name in CIRCUITS)
    return f"""
<h2>The model</h2>
<p>Three populations of a cortical column: pyramidal cells (y<sub>0</sub>), excitatory
interneurons, whose effect on the pyramidal cells is y<sub>1</sub>, and inhibitory interneurons
(y<sub>2</sub>). Their difference y<sub>1</sub> − y<sub>2</sub> is proportional to the dipole that
the EEG sees.</p>
{_EQUATIONS}
<p>Integrated by Strang splitting at 1 ms: the damped linear oscillators and their noise exactly,
the sigmoids as kicks in between.</p>
{circuits}
<h3>Sources</h3>
<p>Jansen &amp; Rit 1995, Biol Cybern 73:357. Grimbert &amp; Faugeras 2006, Neural Comput 18:3052.
Ableidinger, Buckwar &amp; Hinterleitner 2017, J Math Neurosci 7:8. Tilwani &amp; O'Reilly 2024,
arXiv 2406.05002.</p>"""


HELP = """
<h2>How to use this page</h2>
<p>Drag a slider: EEG, spectrum, evoked response, scalp map and phase plane follow. The tick on a
track is the default, the shaded part the range that estimators are trained on; ↺ resets one
slider.</p>
<ul>
<li>Type a value into the box beside a slider.</li>
<li>Arrow keys move a slider by one step, with Shift by ten.</li>
<li>Ctrl-Z undoes, Ctrl-Shift-Z redoes, whatever was changed.</li>
<li>Click in the evoked response to move the time of the scalp map.</li>
<li>⤢ gives one view the full width; “lock axes” holds all axes.</li>
<li>The address bar always holds the full state: “share” copies it.</li>
<li>The headline names the regime of the model without background noise.</li>
</ul>"""
