"""Where later engines answer otherwise than Docker 20.10, which the simulated engine follows: by engine and test.

Moorage depends on none of it: its own tests (launches, stops, watching, shells, logs, ports, volumes) pass on each.
"""

from __future__ import annotations

import os

_WORDS = "refusals in other words, in lower case"
_ORDER = "the event `stop` may come before `die`"
_BRIDGE = "the network mode `default` is told as `bridge`"
_NAME = "stats of one look have no name of the container"
_ALIAS = "a container in a network has no alias of its short id"
_STEPS = "a build tells ` ---> Removed intermediate container` where 20.10 says `Removing`"
_BOTH = {
    "test_a_container_that_was_created": _BRIDGE,
    "test_in_awsvpc_mode_containers_share_the_network_of_a_pause_container": _BRIDGE,
    "test_filters_of_the_list": _WORDS,
    "test_kill_and_its_signals": _WORDS,
    "test_pause": _WORDS,
    "test_removal": _WORDS,
    "test_exec": _WORDS,
    "test_stop_asks_and_then_makes": _ORDER,
    "test_restart_and_rename_are_told": _ORDER,
    "test_events_of_a_life_and_their_shape": _ORDER,
    "test_the_same_calls_have_the_same_outcome": _ORDER,
    "test_stats": _NAME,
    "test_networks": _ALIAS,
    "test_tag": "the event of a tag names it in full, and refusals have other words",
    "test_a_build_tells_its_steps_and_the_second_one_takes_them_from_the_cache": _STEPS,
    "test_arguments_stages_and_targets": _WORDS,
    "test_what_cannot_be_built_is_refused_before_it_begins": _WORDS,
    "test_a_name_that_is_none_is_refused": _WORDS,
}
DIFFERENCES: dict[str, dict[str, str]] = {
    "26.1": {
        **_BOTH,
        "test_exits_and_their_codes": "the nanoseconds of start and end may be out of order",
        "test_a_push_needs_a_header_or_a_body": _WORDS,
    },
    "28.5": {
        **_BOTH,
        "test_what_no_container_can_be_made_of": _WORDS,
        "test_a_port_is_taken_once_and_the_other_stays_created": _WORDS,
        "test_a_shared_network_needs_its_owner": _WORDS,
        "test_an_image_with_several_names_and_one_without": "a list counts no containers by 0 and not by -1",
        "test_a_push_needs_a_header_or_a_body": "a push without a header and a body is one without a password",
        "test_others_may_not": "a pull with a wrong password is refused with 401, and not with 500",
    },
}


def difference(test: str) -> str:
    """Of the engine that MOORAGE_ENGINE names; "" where it answers as 20.10 does."""
    return DIFFERENCES.get(os.environ.get("MOORAGE_ENGINE", ""), {}).get(test, "")
