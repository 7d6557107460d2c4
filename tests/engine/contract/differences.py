"""Where other engines answer otherwise than Docker 20.10, which the simulated engine follows: by engine and test.

Moorage depends on none of what later Dockers do otherwise: its own tests (launches, stops, watching, shells, logs,
ports, volumes) pass on each. What it makes of podman's answers, and what is lost there, is in ``test_podman.py``.
"""

from __future__ import annotations

import os

_WORDS = "refusals in other words, in lower case"
_ORDER = "the event `stop` may come before `die`"
_BRIDGE = "the network mode `default` is told as `bridge`"
_NAME = "stats of one look have no name of the container"
_ALIAS = "a container in a network has no alias of its short id"
_STEPS = "a build tells ` ---> Removed intermediate container` where 20.10 says `Removing`"
_PAST = "events up to a moment that has passed are answered with none"
_NAMES = "names of images are told with their registry, and ids without `sha256:`"
_STATES = "what a state forbids is refused with 500, and in other words"
_BUILDAH = "builds are Buildah's: steps, refusals and failures are told otherwise, and what is refused is known later"
_PUSHES = "pushes tell no steps and no aux, pulls no summary, and refusals have other words"
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
    "podman": {
        "test_info_has_what_an_instance_is_registered_with": "the processor is told in Go's words; other log drivers",
        "test_what_is_not_there_is_told_in_docker_s_words": _WORDS,
        "test_a_container_that_was_created": "an empty Health, `bridge` for `default`, no json-file, full names",
        "test_a_container_that_runs": "a port's HostIp is empty and not 0.0.0.0; other addresses",
        "test_an_image_gives_what_a_container_does_not_say": "an import takes one ENV or LABEL a line, not several",
        "test_a_name_is_taken_once": "a create is refused with 500, in other words",
        "test_what_no_container_can_be_made_of": "memory, CPUs and working directories are not looked at by a create",
        "test_filters_of_the_list": _WORDS,
        "test_a_port_is_taken_once_and_the_other_stays_created": _WORDS,
        "test_a_program_that_is_not_there": "refused with 500, and in other words",
        "test_exits_and_their_codes": _PAST,
        "test_stop_asks_and_then_makes": _PAST,
        "test_kill_and_its_signals": _STATES,
        "test_pause": _STATES,
        "test_removal": _STATES,
        "test_restart_and_rename_are_told": _PAST,
        "test_restart_policies": "a container cannot be updated",
        "test_gone_with_its_end": _PAST,
        "test_out_of_memory": "where cgroups are of version 1, that memory was lacking is not told",
        "test_health": "systemd calls health checks: where there is none, a container stays `starting`",
        "test_in_awsvpc_mode_containers_share_the_network_of_a_pause_container": _BRIDGE,
        "test_events_of_a_life_and_their_shape": "neither kill nor stop is told, and `remove` for `destroy`",
        "test_events_are_filtered_and_bounded_by_time": _PAST,
        "test_only_so_many_events_are_remembered": _PAST,
        "test_logs": "times are whole seconds, and a tail joins a half line to the one before",
        "test_a_log_that_cannot_be_read": _WORDS,
        "test_stats": "no slash before the name of the container, and `Id` for `id`",
        "test_exec": _STATES,
        "test_exec_reads_and_ends_with_its_container": "ExecIDs has also those that have ended",
        "test_of_two_who_make_a_volume_the_first_is_believed": _WORDS,
        "test_networks": "a subnet is refused in other words, and a network in use can be removed",
        "test_a_shared_network_needs_its_owner": "an owner that does not run is started too",
        "test_the_name_of_an_import": "`tag` says nothing, and names are told with their registry",
        "test_the_same_calls_have_the_same_outcome": "a volume that a container brings with it is listed at its create",
        "test_an_image_with_several_names_and_one_without": _NAMES,
        "test_inspect": _NAMES,
        "test_tag": _NAMES,
        "test_a_container_of_a_tag_that_moved_is_listed_by_its_image": _NAMES,
        "test_a_name_is_taken_away_and_the_last_one_takes_the_image": _NAMES,
        "test_by_its_id_an_image_goes_with_its_name": _NAMES,
        "test_what_containers_use_stays": _WORDS,
        "test_prune": _NAMES,
        "test_disk_use": _NAMES,
        "test_what_is_saved_can_be_loaded_again": "a repository without a tag means `latest`, and not all its images",
        "test_a_loaded_image_takes_over_the_name": _NAMES,
        "test_an_archive_that_is_broken_leaves_nothing": "refused with 500 and not by a frame, or not noticed",
        "test_the_same_calls_about_images_have_the_same_outcome": _NAMES,
        "test_a_build_tells_its_steps_and_the_second_one_takes_them_from_the_cache": _BUILDAH,
        "test_arguments_stages_and_targets": _BUILDAH,
        "test_a_step_that_fails_is_the_last": _BUILDAH,
        "test_what_cannot_be_built_is_refused_before_it_begins": _BUILDAH,
        "test_a_name_that_is_none_is_refused": _BUILDAH,
        "test_what_is_pushed_can_be_pulled": _PUSHES,
        "test_an_image_is_pulled_by_its_digest": _PUSHES,
        "test_a_pull_takes_the_name_from_what_had_it": _PUSHES,
        "test_layers_that_are_there_are_not_pulled_again": _PUSHES,
        "test_what_is_not_there_cannot_be_moved": _PUSHES,
        "test_a_push_needs_a_header_or_a_body": "a push without a header and a body is made",
        "test_who_has_the_password_may_push_and_pull": _PUSHES,
        "test_others_may_not": _PUSHES,
        "test_a_build_shows_the_password_for_its_base_image": _PUSHES,
        "test_login": "a login knows no registry without TLS",
    },
}


def difference(test: str) -> str:
    """Of the engine that MOORAGE_ENGINE names; "" where it answers as 20.10 does."""
    return DIFFERENCES.get(os.environ.get("MOORAGE_ENGINE", ""), {}).get(test, "")
