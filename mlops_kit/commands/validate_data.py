"""Data against its schema: which rules it breaks, for the report and for whoever must not train on it."""

from mlops_kit.core.drift.checks import check_profile, merge, narrow
from mlops_kit.core.drift.profile import DataProfile, DataSet
from mlops_kit.core.drift.schema import Violation
from mlops_kit.core.drift.schema_text import parse_schema
from mlops_kit.core.ports.data import Profiler


def check_data(
    data: DataSet, profile: DataProfile, schema_text: str, *, file: str, profiler: Profiler
) -> tuple[Violation, ...]:
    """Every broken rule, by column; nothing where the data is as it must be.

    `profile` is of all columns of the data. Rows are read again only for rules that it does not answer.
    """
    schema = parse_schema(schema_text, file=file)
    offenders = profiler.find_offenders(data, narrow(schema, profile))
    return merge(check_profile(profile, schema), offenders)
