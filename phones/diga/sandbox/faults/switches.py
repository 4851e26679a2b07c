"""The undocumented behaviour of Diga, as switches: each value is one that Diga may have."""

from dataclasses import dataclass
from typing import Literal


@dataclass
class Switches:
    """The sandbox's behaviour where the contract is silent (contract, section 10).

    The defaults are the likeliest answers.
    """

    null_agent: Literal["detach", "ignore", "reject"] = "detach"
    """What null does in `inbound_version_id` and `outbound_version_id`."""

    null_nickname: Literal["clear", "ignore", "reject"] = "clear"
    """What null does in `nickname`."""

    empty_nickname: Literal["store", "clear", "ignore", "reject"] = "store"
    """What "" does in `nickname`."""

    publish_refusal_status: int = 409
    """Status of a refused publish: 409, 400 or 422."""

    publish_refusal_code: str = "AGENT_VERSION_ALREADY_PUBLISHED"
    """Error code of a refused publish."""

    publish_refusal_shape: Literal["envelope", "validation"] = "envelope"
    """Which of the two error bodies a refused publish has."""

    nickname_while_reserved: bool = True
    """Whether a phone not yet assigned can be renamed."""

    patch_needs_agents_update: bool = False
    """Whether PATCH phone needs `agents.update` too, when it attaches an agent."""

    dropdown_refused: bool = False
    """Whether a key is refused the agent list made for Diga's own dashboard."""

    versions_without_published: bool = False
    """Whether the version list leaves the published version out unless asked with `is_published`."""

    draft_accepted: bool = False
    """Whether a draft can be attached to a phone."""

    unknown_version_status: Literal[404, 400, 422] = 404
    """Status for a version id that is not one of the project's, an agent id included."""

    both_directions: Literal["atomic", "one_by_one"] = "atomic"
    """Whether a refusal of one direction leaves the other unchanged as well."""

    unpublish_when_unused: bool = False
    """Whether taking an agent off its last phone unpublishes it."""

    attaching_publishes: bool = True
    """Whether attaching a version to a phone publishes it, as the contract says."""

    publish_without_phones: Literal["keep", "detach"] = "keep"
    """What publishing from the agent's side does to its phones in a direction for which no phone is named."""

    publish_over_another: Literal["moves", "refused"] = "moves"
    """Whether that moves an agent whose phones run another version, or is refused as on the phone's side."""

    publish_needs_phone: bool = False
    """Whether it is refused where no phone is named."""

    released_listed: bool = True
    """Whether released and finished phones are listed without a `status` filter."""

    nulls_left_out: bool = False
    """Whether optional fields without a value are missing rather than null."""

    bad_key_status: Literal[401, 403] = 401
    """Status for an unknown key."""

    rate_limit: float | None = None
    """Requests a key may make a second, with a burst of one second's worth."""

    retry_after: Literal["seconds", "date"] | None = "seconds"
    """What a 429 says about when to come back."""

    latency_ms: float = 0.0
    """How long every answer takes."""

    totals_in_cursor_mode: bool = False
    """Whether pages fetched by a cursor carry `current_page` and `total_pages`."""

    pages_give_cursor_ids: bool = True
    """Whether pages fetched by number carry `first_id` and `last_id`."""

    totals_in_page_mode: bool = True
    """Whether pages fetched by number carry `total_pages`."""

    page_numbers: bool = True
    """Whether pages can be fetched by number at all."""

    has_more: Literal["right", "always", "never"] = "right"
    """What pages say about there being more."""

    after: Literal["works", "ignored"] = "works"
    """Whether `after` moves on; ignored, the front comes again and again."""

    deleted_cursor: Literal["works", "refuses", "ends", "restarts"] = "works"
    """What a cursor of a row that is gone does: an empty page, or the front, are plausible too."""

    default_order: Literal["desc", "asc"] = "desc"
    """The order of a list that is asked for in none."""

    refused_permission: str = ""
    """A permission that no key has, whatever it was made with: `calls.view`, `billing.view`."""

    minutes_used_up: bool = False
    """Whether the plan's minutes are used and more are not billed: nobody answers then."""

    calls_of_unknown_version: bool = False
    """Whether calls name a version that no list gives."""

    call_every_seconds: float | None = None
    """After how long somebody calls a phone whose calls are listed; None: only who is told to."""

    idle_close_seconds: float | None = None
    """After how long an idle connection is closed."""
