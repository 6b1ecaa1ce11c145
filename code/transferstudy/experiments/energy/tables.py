"""Make the tables: what codecarbon says of the processors in our records, of memory, and of the world's electricity.

codecarbon brings a data-frame library, a web client and a dozen more packages along, and its trackers look for cloud services on
the network. So it is no part of the project's environment: only its tables and its power model are read here, once, and what
they say is stored. Nothing in this module opens a connection.
"""

import time
from pathlib import Path

from ...errors import StudyError
from ...results.records import write_record

INSTALL = 'python -m pip install "codecarbon>=3.3,<4"'
# Sizes of memory, in GiB, up to which a value holds.
MEMORY = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


def make(processors: set[str], path: Path) -> dict:
    """Write the tables of the installed codecarbon.

    Args:
        processors: names as the operating system gives them, from the records.
        path: the JSON file.

    Returns:
        The content as written.

    Raises:
        StudyError: codecarbon is not installed.
    """
    try:
        from codecarbon import __version__
        from codecarbon.core.cpu import DEFAULT_POWER_PER_CORE, TDP
        from codecarbon.core.emissions import Emissions
        from codecarbon.external.ram import RAM
        from codecarbon.input import DataSource
    except ImportError:
        raise StudyError(f"energy --update: codecarbon is not installed; install it with {INSTALL}") from None
    source = DataSource()
    look_up = TDP.__new__(TDP)  # its constructor would ask for this machine's processor
    rated = {name: look_up._get_cpu_power_from_registry(name) for name in sorted(processors)}
    memory = RAM()
    memory.is_arm_cpu = False
    mixes = source.get_global_energy_mix_data()
    countries = {
        code: round(Emissions._global_energy_mix_to_emissions_rate(mix).kgs_per_kWh * 1000, 1)
        for code, mix in sorted(mixes.items())
        if mix.get("carbon_intensity")
    }
    return write_record(
        path,
        {
            "estimator": "codecarbon",
            "version": __version__,
            "made": time.strftime("%Y-%m-%d", time.gmtime()),
            "processors": {name: float(watts) if watts else None for name, watts in rated.items()},
            "default_watts_per_core": DEFAULT_POWER_PER_CORE,
            "memory_watts": {str(size): float(memory._calculate_ram_power(size)) for size in MEMORY},
            "world_g_per_kwh": source.get_carbon_intensity_per_source_data()["world_average"],
            "countries_g_per_kwh": countries,
        },
    )
