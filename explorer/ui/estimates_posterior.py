"""The posterior of two targets: the sampling estimator's draws, and the exact posterior's."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import panel as pn

from explorer.backend.ensemble import Progress
from explorer.backend.estimators.interface import Observation
from explorer.backend.estimators.names import ESTIMATOR_TITLES, SAMPLER
from explorer.backend.estimators.service import SERVICE
from explorer.backend.exact_posterior import ExactPosterior, exact_posterior
from explorer.backend.settings import Settings
from explorer.backend.targets import TARGETS, target_extents, target_values
from explorer.ui.estimate_view import EstimateView, Run, csv_bytes, name_download
from explorer.ui.estimating import Shown
from explorer.ui.newest import Newest
from explorer.ui.posterior_plot import PairPlot
from explorer.ui.sensitivity_parts import Words, choice, dim, download, head, symbol
from explorer.ui.theme import Theme
from explorer.ui.view import STRETCH

if TYPE_CHECKING:
    from explorer.ui.session import Session

N_DRAWS = 1000
"""What one press of nothing costs: below 0.3 s."""
_OPTIONS = [(name, symbol(name)) for name in TARGETS]


@dataclass(frozen=True)
class Exact:
    """An exact posterior with the point it belongs to."""

    settings: Settings
    observation: Observation
    found: ExactPosterior


class PosteriorView(EstimateView):
    """Pair plot of two chosen targets."""

    key = "posterior"
    title = "Posterior"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._shown: Shown | None = None
        self._draws: np.ndarray | None = None  # (n, 13)
        self.exact: Exact | None = None
        self.pair = PairPlot()
        self.work = Newest(session.doc, session.complain)
        self.run = Run(session, "exact", "Exact posterior", self._run)
        self.x = choice("pair_x", "Horizontal", _OPTIONS, self._chosen, seen=False, width=84)
        self.y = choice("pair_y", "Vertical", _OPTIONS, self._chosen, seen=False, width=84)
        self.csv = name_download(download("CSV", self._csv), "posterior")
        self.caption = Words("posterior_caption")
        self._adopt_axes()

    def panel(self) -> pn.Column:
        return pn.Column(
            head(self.x, self.y, *self.run.parts, self.csv),
            pn.pane.Bokeh(self.pair.plot, sizing_mode=STRETCH),
            self.caption.box,
            sizing_mode=STRETCH,
            margin=0,
        )

    def _chosen(self, _new: str) -> None:
        self.session.choose(pair_x=self.x.value, pair_y=self.y.value)

    def _adopt_axes(self) -> None:
        choices = self.session.state.choices
        if (self.x.value, self.y.value) != (choices.pair_x, choices.pair_y):
            x, y = choices.pair_x, choices.pair_y
            self.x.value, self.y.value = x, y

    @property
    def _pair(self) -> tuple[int, int]:
        choices, names = self.session.state.choices, list(TARGETS)
        return names.index(choices.pair_x), names.index(choices.pair_y)

    def show(self, shown: Shown | None) -> None:
        self._adopt_axes()
        if shown is None or SAMPLER not in shown.reading.estimates:
            self._shown = self._draws = None
            name = ESTIMATOR_TITLES[SAMPLER]
            self.pair.say(f"{name} gives the draws, and there are no weights of it here.")
            self.caption.say("")
            return
        if shown is self._shown:
            self._draw()
            return
        if shown.final:
            self._shown = shown
            self.moved(True)
            seen = shown.reading.observation

            def work(progress: Progress) -> np.ndarray:
                return target_values(SERVICE.draws(seen, N_DRAWS, progress))

            self.work.ask(work, lambda draws: self._arrived(shown, draws))

    def _arrived(self, shown: Shown, draws: np.ndarray) -> None:
        self._draws = draws
        self._draw()
        self.moved(shown.settings != self.session.state.settings)

    def _draw(self) -> None:
        shown, draws = self._shown, self._draws
        if shown is None or draws is None:
            return
        pair = list(self._pair)
        extents = target_extents(shown.settings.circuit)[pair]
        truth = None if shown.truth is None else shown.truth[pair]
        exact = self._exact_here(shown)
        found = None if exact is None else target_values(exact.found.samples)[:, pair]
        self.pair.show(pair, extents, draws[:, pair], truth, found, shown.reasons != ())
        self.caption.say(self._words(shown, draws[:, pair], exact))

    def _exact_here(self, shown: Shown) -> Exact | None:
        exact = self.exact
        same = exact is not None and exact.observation is shown.reading.observation
        return exact if same else None

    def _words(self, shown: Shown, draws: np.ndarray, exact: Exact | None) -> str:
        r = float(np.corrcoef(draws.T)[0, 1])
        words = f"★ {N_DRAWS} draws of NPE (their r = {r:.2f}); ✚ the true point. "
        if shown.reasons:
            words = f"<b>✕ Not to be trusted: {shown.reasons[0]}</b> {words}"
        if exact is None:
            return words + (
                "“Exact posterior” samples the likelihood with the simulator itself, where "
                "p<sub>sd</sub> = 0 and the response repeats with the stimulus."
            )
        found = exact.found
        state = "converged" if found.converged else "NOT converged"
        return words + (
            f"▨ exact posterior, 50 and 90 % regions: {state} (largest R-hat "
            f"{found.r_hat.max():.3f}, least effective size {found.ess.min():.0f}), "
            f"{found.n_evaluations} simulations in {found.seconds:.0f} s."
        )

    def _run(self) -> None:
        shown = self._shown
        if shown is None:
            return
        settings, seen = shown.settings, shown.reading.observation
        start = None
        if shown.truth is None:  # of a recording nothing is known but what was estimated
            settings = settings.changed(p_mean=seen.p_mean, p_sd=seen.p_sd)
            start = shown.reading.estimates[SAMPLER].mean[0, :9]

        def work(progress: Progress) -> Exact:
            found = exact_posterior(
                settings, seen.wave, noise_mv=seen.noise_mv, start=start, progress=progress,
                workers=1,
            )  # fmt: skip
            return Exact(settings, seen, found)

        self.run.newest.ask(work, self._found)

    def _found(self, exact: Exact) -> None:
        self.exact = exact
        self._draw()

    def moved(self, outdated: bool) -> None:
        dim(self.pair.plot, outdated)

    def _csv(self) -> io.BytesIO:
        draws, shown = self._draws, self._shown
        columns: dict[str, np.ndarray] = {}
        if draws is not None and shown is not None:
            exact = self._exact_here(shown)
            both = [draws] + ([target_values(exact.found.samples)] if exact else [])
            source = [SAMPLER] * len(draws) + ["exact"] * sum(map(len, both[1:]))
            values = np.concatenate(both)
            columns = {"source": np.array(source)}
            columns |= {name: values[:, k] for k, name in enumerate(TARGETS)}
        return io.BytesIO(csv_bytes(columns))

    def dress(self, theme: Theme, font: int) -> None:
        self.pair.dress(theme, font)
        self._draw()

    def close(self) -> None:
        self.work.stop()
        self.run.newest.stop()
