"""From processor time to watt-hours and grams of CO2e, with the power and carbon tables stored in `results/energy/`.

The rules are those that codecarbon applies to a process (its `CPU` in process mode, its `RAM`): a processor draws its rated
power in proportion to the cores that are busy, memory draws what its size suggests. A run is charged the memory of the whole
machine for as long as it would have lasted with all cores to itself, so that other work on the machine does not count.
"""

from dataclasses import dataclass
from pathlib import Path

from ...errors import StudyError
from ...paths import energy_file
from ...results.records import read_record
from ...results.schema import Finite, Open

AGAIN = "python -m transferstudy energy --update"
_JOULES = 3600  # in a watt-hour


class Table(Open):
    """`codecarbon.json`: watts, and grams of CO2e a kilowatt-hour."""

    estimator: str
    version: str
    processors: dict[str, Finite | None]
    default_watts_per_core: Finite
    memory_watts: dict[str, Finite]
    world_g_per_kwh: Finite
    countries_g_per_kwh: dict[str, Finite]


@dataclass(frozen=True)
class Power:
    """What a machine draws at full load, in watts.

    Attributes:
        core: of one busy core.
        memory: of the whole memory.
        cores: number of cores.
        rated: whether the library knows the processor; otherwise `core` is its default.
    """

    core: float
    memory: float
    cores: int
    rated: bool

    @property
    def per_core(self) -> float:
        """Watts that an hour of one core is charged, its share of the memory included."""
        return self.core + self.memory / self.cores


class Estimator:
    """The stored tables of an estimator, ready to be applied.

    Args:
        table: content of `results/energy/codecarbon.json`.
    """

    def __init__(self, table: dict):
        self.name, self.version = table["estimator"], table["version"]
        self._table = table

    def power(self, environment: dict) -> Power:
        """Return what the machine of a record draws.

        Args:
            environment: `processor`, `cores` and `memory_gib`, as `environment.describe` records them.

        A machine that the tables do not have gets the library's default for each core.
        """
        cores, memory = environment["cores"], environment["memory_gib"]
        rated = self._table["processors"].get(environment["processor"])
        core = rated / cores if rated else self._table["default_watts_per_core"]
        steps = sorted((int(size), watts) for size, watts in self._table["memory_watts"].items())
        watts = next((w for size, w in steps if memory <= size), steps[-1][1])
        return Power(core, watts, cores, bool(rated))

    def watt_hours(self, cpu_seconds: float, environment: dict) -> float | None:
        """Estimate the energy of some processor time, in watt-hours; None where an accelerator did the work.

        Processor time says nothing about what an accelerator draws.
        """
        if environment["accelerators"]:
            return None
        return cpu_seconds * self.power(environment).per_core / _JOULES

    def intensity(self, country: str | None = None) -> float:
        """Return grams of CO2e that a kilowatt-hour stands for: of the world's average, or of a country.

        Args:
            country: three letters of ISO 3166, such as "FRA".

        Raises:
            StudyError: the tables do not have this country.
        """
        if country is None:
            return self._table["world_g_per_kwh"]
        found = self._table["countries_g_per_kwh"].get(country.upper())
        if found is None:
            raise StudyError(
                f"--country {country}: not in the tables of {self.name}; give three letters such as FRA or IND"
            )
        return found

    def grams(self, watt_hours: float, country: str | None = None) -> float:
        """Return grams of CO2e for some watt-hours (see `intensity`)."""
        return watt_hours / 1000 * self.intensity(country)

    @property
    def extremes(self) -> tuple[float, float]:
        """The lowest and the highest carbon intensity of a country, in grams a kilowatt-hour."""
        values = self._table["countries_g_per_kwh"].values()
        return min(values), max(values)


def load(path: Path | None = None) -> Estimator:
    """Return the stored estimator.

    Args:
        path: of its tables, by default those of the project.

    Raises:
        StudyError: the tables are missing or were edited.
    """
    return Estimator(read_record(path or energy_file(), AGAIN, model=Table))
