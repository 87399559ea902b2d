"""Neural posterior estimator: an embedding network and a normalising flow.

q(θ | x) with u = logit of the parameters' shares of their trained ranges:

    u = m(x) + s(x) · v,   v ~ neural spline flow given e(x)

The embedding is the body of the Bi-LSTM. It gives a first guess m and its width s, which
carry the scale (s may be a thousandth where the data are sharp), and the flow the shape:
correlations, curved ridges, walls. Sources: Papamakarios & Murray 2016; Durkan et al. 2019
(neural spline flows), by zuko; the baseline of Tilwani & O'Reilly 2024 (arXiv 2406.05002),
version 2.
"""

from __future__ import annotations

import torch
import zuko
from torch import Tensor, nn

from explorer.backend.estimators.bilstm import HIDDEN, KEPT
from explorer.backend.estimators.front_end import N_CONTEXT, FrontEnd, Inputs
from explorer.backend.estimators.layers import Flatten, Tokens, residual_stack
from explorer.backend.estimators.marginals import LogitNormal, from_outputs, mean_error

N_INFERRED = 9
WIDTH = 320
SUMMARY = 64


class Npe(nn.Module):
    """Embedding, first guess and flow."""

    def __init__(self, front: FrontEnd) -> None:
        super().__init__()
        self.tokens = Tokens(front)
        self.lstm = nn.LSTM(self.tokens.size, HIDDEN, batch_first=True, bidirectional=True)
        self.flatten = Flatten(2 * HIDDEN, KEPT)
        self.embed = residual_stack(self.tokens.count * KEPT + N_CONTEXT, WIDTH, blocks=3)
        self.guess = nn.Linear(WIDTH, 2 * N_INFERRED)
        self.summary = nn.Linear(WIDTH, SUMMARY)
        nn.init.zeros_(self.guess.bias)
        self.flow = zuko.flows.NSF(
            N_INFERRED, SUMMARY, transforms=4, bins=8, passes=2, hidden_features=(128, 128)
        )

    def given(self, inputs: Inputs) -> tuple[LogitNormal, Tensor]:
        """First guess, and what the flow is told (batch, SUMMARY)."""
        states, _ = self.lstm(self.tokens(inputs))  # (batch, tokens, 2 · HIDDEN)
        embedded = self.embed(torch.cat([self.flatten(states), inputs.context], dim=1))
        with torch.autocast(embedded.device.type, enabled=False):
            exact = embedded.float()
            return from_outputs(self.guess(exact)), self.summary(exact)

    def forward(self, inputs: Inputs, logits: Tensor) -> Tensor:
        """Loss of each case, (batch,): −log q(u | x) plus what keeps the guess a guess.

        Args:
            inputs: what the network reads.
            logits: (batch, 13) true values as logits; the first nine count.
        """
        true = logits[:, :N_INFERRED]
        guess, summary = self.given(inputs)
        scaled = (true - guess.middle) * torch.exp(-guess.log_sd)
        with torch.autocast(summary.device.type, enabled=False):
            density = self.flow(summary).log_prob(scaled) - guess.log_sd.sum(dim=1)
        return 0.1 * (guess.loss(true) + mean_error(guess, true)) - density

    def draw(self, inputs: Inputs, n: int, generator: torch.Generator) -> Tensor:
        """Draws (batch, n, 9) of the logits."""
        guess, summary = self.given(inputs)
        base = torch.randn(n, len(summary), N_INFERRED, generator=generator)
        v = self.flow(summary).transform.inv(base).transpose(0, 1)  # (batch, n, 9)
        return guess.middle[:, None] + torch.exp(guess.log_sd)[:, None] * v
