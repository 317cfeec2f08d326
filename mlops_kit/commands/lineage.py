"""Reads what the commit of a record measured and was set to, to be told where its version is registered."""

from mlops_kit.commands.live import Shelf
from mlops_kit.commands.world import World
from mlops_kit.core.errors import KitError
from mlops_kit.core.promotion.lineage import describe_lineage
from mlops_kit.core.tracking import Lineage
from mlops_kit.core.types import PromotionRecord


def read_lineage(world: World, record: PromotionRecord) -> Lineage:
    """The lineage of a record's version; without numbers where they cannot be read, for they decide nothing here."""
    try:
        facts = Shelf(git=world.git, resolver=world.resolver).read(record.commit)
    except KitError:
        return describe_lineage(record, page=world.page)
    return describe_lineage(record, page=world.page, metrics=facts.metrics, params=facts.params)
