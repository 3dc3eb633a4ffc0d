"""Metrics: the names an operator's dashboards rely on, and that two programs do not share them."""

from prometheus_client.parser import text_string_to_metric_families

from bot import __version__
from bot.metrics import Metrics


def samples(metrics: Metrics) -> dict[str, float]:
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        sample.name + "".join(f",{key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def test_what_was_measured_is_rendered_under_the_documented_names() -> None:
    metrics = Metrics()
    metrics.command("cop join", "ok", 0.004)
    metrics.command("cop join", "ok", 2.0)
    metrics.command("cop join", "refused", 0.004)
    metrics.letters({"pending": 3, "sent": 40}, 12.5)
    metrics.database("write", 0.002)
    found = samples(metrics)
    assert found["hearth_commands_total,outcome=ok,path=cop join"] == 2
    assert found["hearth_commands_total,outcome=refused,path=cop join"] == 1
    assert found["hearth_command_seconds_count"] == 3
    assert found["hearth_command_seconds_bucket,le=0.005"] == 2
    assert found["hearth_letters,state=pending"] == 3
    assert found["hearth_letter_lag_seconds"] == 12.5
    assert found["hearth_database_seconds_count,kind=write"] == 1
    assert found[f"hearth_build_info,version={__version__}"] == 1


def test_a_state_that_has_no_letters_any_more_is_gone() -> None:
    metrics = Metrics()
    metrics.letters({"pending": 3}, 12.5)
    metrics.letters({"sent": 3}, 0)
    assert "hearth_letters,state=pending" not in samples(metrics)
    assert samples(metrics)["hearth_letters,state=sent"] == 3


def test_two_programs_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.command("help", "ok", 0.001)
    assert "hearth_commands_total,outcome=ok,path=help" not in samples(other)
