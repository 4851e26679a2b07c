"""One form, one result: its token is spent by the first send, and what comes with it later has to be the same."""

from typing import Any


class SpentForm(Exception):
    """The form was sent before with other content: nothing was done now.

    `earlier` is what came of that send: a change, a plan or an upgrade, as of this form. It is None where that belongs
    to another project, of which nothing is shown here.
    """

    def __init__(self, earlier: Any) -> None:
        super().__init__("The form was sent before with other content")
        self.earlier = earlier
