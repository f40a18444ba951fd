# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What network managers have to do with a change of the host: links change hands while it is made."""

from __future__ import annotations

from typing import List


class Handover:
    """Nothing changes hands."""

    @property
    def held(self) -> List[str]:
        """The links that a network manager has to let go of, and that lose addresses and routes then."""
        return []

    @property
    def returned(self) -> List[str]:
        """The links that a network manager gets back, and may configure then."""
        return []

    def take_over(self) -> bool:
        """Has network managers let go of the links of the resource. Returns whether one has. VnetError if one does not."""
        return False

    def give_back(self) -> None:
        """Gives the network managers back what is theirs again. VnetError if that fails."""

    def take_again(self) -> bool:
        """Undoes C(give_back). Returns what C(take_over) does."""
        return False
