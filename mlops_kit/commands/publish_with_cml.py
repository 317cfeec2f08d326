"""Posts a report with the `cml` program, in the place of the kit's own posting.

CML keeps one comment per title. It does not know which run is newer, so a run that ends late may overwrite a newer one.
"""

from typing import Protocol

from mlops_kit.commands.comment import COMMENT_LIMIT, Outcome, Posted, Review
from mlops_kit.core.forge import Comment
from mlops_kit.core.render.markdown import render_report
from mlops_kit.core.review.occasion import Occasion

_NO_OCCASION = Occasion()


class CommentProgram(Protocol):
    """A program that keeps one comment per title on a pull request."""

    def update_comment(self, number: int, title: str, text: str) -> Comment:
        """Make the comment of this title say the text; InputError without the program, OutsideError where it failed."""


def publish_with_cml(program: CommentProgram, review: Review, occasion: Occasion = _NO_OCCASION) -> Posted:
    """Post the report as the comment of its id."""
    text = render_report(review.report, occasion, limit=COMMENT_LIMIT)
    comment = program.update_comment(review.pull_request.number, f"mlops-kit-{review.report_id}", text)
    return Posted(outcome=Outcome.UPDATED, comment=comment)
