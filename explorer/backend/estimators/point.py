"""What the four point networks share: marginals, and the loss they learn by."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from explorer.backend.estimators.front_end import Inputs
from explorer.backend.estimators.marginals import LogitNormal, mean_error


class PointNetwork(nn.Module, ABC):
    """A network that gives a marginal posterior for each target."""

    @abstractmethod
    def marginals(self, inputs: Inputs) -> LogitNormal:
        """Marginals of a batch."""

    def forward(self, inputs: Inputs, logits: Tensor) -> Tensor:
        """Loss of each case, (batch,): negative log density plus the squared error of the mean.

        Args:
            inputs: what the network reads.
            logits: (batch, 13) true values, logit of their share of the range.
        """
        found = self.marginals(inputs)
        return found.loss(logits) + mean_error(found, logits)
