"""Writes the catalog of AWS: DM1, Rigetti Cepheus, IonQ Forte, QuEra Aquila (`python -m scripts.catalog.aws`).

What is measured on a device (errors, times) is drawn here around typical published values by a seed, and says so:
"synthetic": true. Where the rest comes from, each module says.
"""

from scripts.catalog.aws import aquila, cepheus, dm1, forte


def main() -> None:
    """Write all files."""
    dm1.main()
    cepheus.main()
    forte.main()
    aquila.main()
