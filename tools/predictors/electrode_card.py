"""The card of `insertion_electrode` from its figures: no number in it is typed by hand."""

from __future__ import annotations

from typing import Any

_HEAD = """# insertion_electrode

Average voltage, volume change, capacities and energy densities of an insertion electrode from its
crystal: boosted trees on both formulas and the volume, and, for finalists, both ends relaxed with
the embedded potential (CHGNet). It predicts what PBE+U calculations of the Materials Project's
battery explorer (CC-BY 4.0) give, not an experiment. Capacities follow from a redox limit of the
formula and are per mass and volume of the discharged material, as in the table.

The voltage is split in two. Between the hulls at both compositions it depends on the formulas only
(learned; further pairs of compositions of known crystals help). The energies of both ends above
the hull are added: as they are where known, else as expected. `formulas` below means that neither
is known, `discharged` that the crystal's own `energy_above_hull` is given, `both` that both are.
The latter come from the table's own calculations, which are part of what makes its voltages: `both`
measures how well the hull voltage is learned, and is not what a crystal alone gets.
"""

_TAIL = """
## Limits

- The charged end is the crystal without the ions that its redox centres allow to leave. Real cells
  often stop earlier; oxygen redox is not counted; the shares of several redox metals are not known.
- Two polymorphs of one formula differ by half a volt at times. Without energies above the hull the
  trees cannot see that, and `formulas` cannot get much better than it is.
- Alloys and conversion electrodes are in the table and in the training set; logarithms keep their
  huge volume changes from ruling. Do not rely on a volume change of more than 50 %.
- The redox limits were set with the whole table in view, so that errors of capacities are not those
  of an unseen set; nothing else was fitted to the test split.
- The potential was trained on the Materials Project's relaxations, so that some of its structures
  have been seen by it. It underestimates voltages; the offset corrects the mean of that only.
- Silent about rates, hysteresis, phase transitions on cycling, and solid-electrolyte reactions.
"""


def card_of(figures: dict[str, Any], config: dict[str, Any]) -> str:
    """The text of card.md."""
    parts = [_HEAD, _facts(figures, config), _voltages(figures), _alone(figures)]
    parts += [_volume(figures), _capacity(figures), _potential(figures, config), _domain(figures)]
    return "\n".join(parts) + _TAIL


def _facts(figures: dict[str, Any], config: dict[str, Any]) -> str:
    return f"""
- trained on: {config["n_training"]} rows (train and val of a split by framework, 8 : 1 : 1) and
  {config["n_extra"]} further pairs of compositions for the hull voltage;
  {config["cpu_seconds"]} CPU seconds; recipes in config.json; seed {figures["seed"]}
- recipe: `train_insertion_electrode`, then `label_` and `combine_insertion_electrode`
- tested on: {figures["n_test"]} rows of {figures["n_frameworks"]} frameworks, none of them seen
- speed: {figures["per_second"]:.0f} candidates per CPU second ({figures["hardware"]})
"""


def _voltages(figures: dict[str, Any]) -> str:
    lines = [
        "## Voltage, test split",
        "",
        "MAE in V; `usual` are rows with one of the seven ions and a framework with anions.",
        "",
        "| approach | all | usual | lithium | R2 (usual) | coverage (all) | interval width |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, parts in figures["voltage"].items():
        every, usual = parts["all"], parts["usual"]
        doubt = (
            f"{every['coverage']:.3f} | {every['interval_width']:.2f}"
            if "coverage" in every
            else "- | -"
        )
        lines.append(
            f"| {name} | {every['mae']:.3f} | {usual['mae']:.3f} | {parts['lithium']['mae']:.3f} | "
            f"{usual['r2']:.2f} | {doubt} |"
        )
    counts = {part: int(one["n"]) for part, one in figures["voltage"]["formulas"].items()}
    return "\n".join(lines) + f"\n\nRows: {counts['all']}, {counts['usual']}, {counts['lithium']}."


def _alone(figures: dict[str, Any]) -> str:
    one = figures["voltage from the discharged crystal alone"]
    return (
        "\nWhere the charged end, too, is the product's own guess (rows of the table that stop "
        f"earlier count against it): MAE {one['mae']:.3f} V, coverage {one['coverage']:.3f}, "
        f"n {one['n']:.0f}.\n"
    )


def _volume(figures: dict[str, Any]) -> str:
    one = figures["volume_change"]
    model, plain = one["model"], one["median of the chemistry"]
    return f"""## Volume change, test split

Below 50 % (n {model["n"]:.0f}): MAE {model["mae"]:.2f} %, coverage {model["coverage"]:.3f}, median
interval width {model["interval_width"]:.1f} %. The median of the chemistry: MAE {plain["mae"]:.2f}.
All rows: median error {one["median error of all"]:.2f} %, coverage {one["coverage of all"]:.3f};
{one["rows above"]} rows are above 50 % and no topotactic insertion.
"""


def _capacity(figures: dict[str, Any]) -> str:
    one = figures["capacity"]
    return f"""## Capacity, test split

The redox limit of the discharged formula against the table, whose charged end is whatever is
entered there (with that end they agree to {100 * one["convention"]:.2f} %):
MAE {one["mae_grav"]:.1f} mAh/g and {one["mae_vol"]:.0f} mAh/cm3, median error
{one["median_grav"]:.2f} mAh/g (n {one["n"]} of {one["n_usual"]}). Where the table's charged end has
no ion left: MAE {one["mae_grav_emptied"]:.1f} mAh/g and {one["mae_vol_emptied"]:.0f} mAh/cm3,
{100 * one["exact_emptied"]:.0f} % within 2 % (n {one["n_emptied"]}).
"""


def _potential(figures: dict[str, Any], config: dict[str, Any]) -> str:
    tested, held = figures.get("potential, test"), config.get("held_out_potential")
    if not held:
        return "## Potential\n\nNot calibrated: its own voltage is given without an interval.\n"
    weights = config["combination"]
    lines = [
        "## Potential",
        "",
        "Both ends relaxed (fmax 0.1 eV/A here; 0.05 in the product, which hardly moves voltages "
        "but makes volume changes more exact), as many ions taken out as the table says. "
        f"Combined = learned + {weights['share']:.2f} (potential - learned) + "
        f"{weights['offset']:.2f} V; few rows could be relaxed, so that the errors here are rough.",
        "",
        "| voltage MAE, V | training frameworks, cross-validated | test split |",
        "|---|---|---|",
    ]
    for key in ("learned", "potential", "combined"):
        seen = f"{tested[key]['mae']:.3f}" if tested else "-"
        lines.append(f"| {key} | {held[key]['mae']:.3f} | {seen} |")
    n = int(tested["combined"]["n"]) if tested else 0
    lines += [
        f"| rows | {held['combined']['n']:.0f} | {n} |",
        f"| coverage of the 90 % interval | {held['combined']['coverage']:.2f} | "
        + (f"{tested['combined']['coverage']:.2f} |" if tested else "- |"),
        f"| volume change, median error, % | {held['volume change, median error']:.2f} | "
        + (f"{tested['volume change, median error']:.2f} |" if tested else "- |"),
        "",
    ]
    return "\n".join(lines)


def _domain(figures: dict[str, Any]) -> str:
    lines = [
        "## By domain score (test split, `formulas`)",
        "",
        "| in_domain | n | MAE, V |",
        "|---|---|---|",
    ]
    lines += [
        f"| {b['from']:g}-{b['to']:g} | {b['n']} | {b['mae']:.3f} |" for b in figures["by_domain"]
    ]
    return "\n".join(lines) + "\n"
