"""The registry of tabs: a new tab is a new file and a row here."""

from __future__ import annotations

from explorer.ui.dynamics import DynamicsTab
from explorer.ui.estimates import EstimatesTab
from explorer.ui.sensitivity import SensitivityTab
from explorer.ui.tab import Tab

TAB_KINDS: dict[str, type[Tab]] = {
    EstimatesTab.key: EstimatesTab,
    SensitivityTab.key: SensitivityTab,
    DynamicsTab.key: DynamicsTab,
}
