"""All sabotages."""

from __future__ import annotations

from tests.crash.sabotages_of_access import OF_ACCESS
from tests.crash.sabotages_of_hand_over import OF_HAND_OVER
from tests.crash.sabotages_of_lags import OF_LAGS
from tests.crash.sabotages_of_options import OF_OPTIONS
from tests.crash.sabotages_of_others import OF_OTHERS
from tests.crash.sabotages_of_pairs import OF_PAIRS
from tests.crash.sabotages_of_pulls import OF_PULLS
from tests.crash.sabotages_of_reads import OF_READS
from tests.crash.sabotages_of_rotation import OF_ROTATION
from tests.crash.sabotages_of_settings import OF_SETTINGS
from tests.crash.sabotages_of_unused import OF_UNUSED

ALL = (
    *OF_ROTATION,
    *OF_READS,
    *OF_ACCESS,
    *OF_HAND_OVER,
    *OF_OPTIONS,
    *OF_UNUSED,
    *OF_LAGS,
    *OF_SETTINGS,
    *OF_OTHERS,
    *OF_PAIRS,
    *OF_PULLS,
)
