"""Export: the data behind each plot, the plot as a picture, the evoked response as FIF."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import panel as pn
from bokeh.events import ButtonClick
from bokeh.models import Button, CustomJS, Select

from explorer.backend.export import table_csv, table_npz
from explorer.backend.fif import write_evoked_fif
from explorer.ui.styles import BUTTON, FIELD
from explorer.ui.view import Exportable

if TYPE_CHECKING:
    from explorer.ui.session import Session

_PICTURE = """
export default async ({plots, select, format}) => {
  const view = Bokeh.index.find_one(plots[select.value]);
  const type = format.value.toLowerCase();
  const blob = await view.export(type).to_blob();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `jr-explorer-${select.value}.${type}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};
"""
_SOLID = BUTTON.replace(":host(.solid) ", "")
_PROSE = ":host { color: var(--text); font-size: calc(var(--size) - 1px); }"


class Exporter:
    """The dialog's content."""

    def __init__(self, session: Session) -> None:
        self.session = session
        offered: tuple[Exportable, ...] = (*session.views, session.estimates)
        self.views = {view.name: view for view in offered}
        views = self.views
        # Bokeh's own: a callback of Panel's in JavaScript would keep the session for ever
        self.plot = Select(
            title="Plot", options=[(name, view.title) for name, view in views.items()],
            value=next(iter(views)), width=200, stylesheets=[FIELD],
        )  # fmt: skip
        self.format = pn.widgets.Select(
            name="Data as", options=["CSV", "NPZ", "FIF"], width=120, stylesheets=[FIELD]
        )
        self.data = pn.widgets.FileDownload(
            callback=self._data, filename="jr-explorer-eeg.csv", label="Save data", width=160,
            stylesheets=[BUTTON],
        )  # fmt: skip
        self.picture_format = Select(
            title="Picture as", options=["PNG", "SVG"], value="PNG", width=120, stylesheets=[FIELD]
        )
        self.picture = Button(label="Save picture", width=160, stylesheets=[_SOLID])
        plots = {name: view.plot for name, view in views.items()}
        args = {"plots": plots, "select": self.plot, "format": self.picture_format}
        self.picture.js_on_event(ButtonClick, CustomJS(args=args, code=_PICTURE))
        self.plot.on_change("value", lambda attr, old, new: self._name())
        self.format.param.watch(lambda _e: self._name(), "value")

    def _name(self) -> None:
        ending = {"CSV": "csv", "NPZ": "npz", "FIF": "fif"}[self.format.value]
        name = "evoked-ave" if ending == "fif" else self.plot.value
        self.data.filename = f"jr-explorer-{name}.{ending}"

    def _data(self) -> io.BytesIO:
        if self.format.value == "FIF":
            return io.BytesIO(self._fif())
        columns = self.views[self.plot.value].table().columns
        if self.format.value == "CSV":
            return io.BytesIO(table_csv(columns).encode())
        return io.BytesIO(table_npz(columns, self.session.state.settings))

    def _fif(self) -> bytes:
        shot = self.session.shot
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model-ave.fif"
            write_evoked_fif(
                path, shot.settings, shot.evoked.time, shot.scalp, shot.evoked.n_trials
            )
            return path.read_bytes()

    def panel(self) -> pn.Column:
        """The dialog's content as a Panel object."""
        return pn.Column(
            pn.pane.Bokeh(self.plot),
            pn.Row(self.format, pn.Column(pn.Spacer(height=14), self.data)),
            pn.Row(
                pn.pane.Bokeh(self.picture_format),
                pn.Column(pn.Spacer(height=14), pn.pane.Bokeh(self.picture)),
            ),
            pn.pane.Markdown(
                "CSV and NPZ hold what the plot shows, units in the column names; NPZ also the "
                "settings. FIF is the averaged response of all 64 channels, for MNE.", width=460,
                stylesheets=[_PROSE],
            ),
        )  # fmt: skip
