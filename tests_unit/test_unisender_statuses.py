"""The table of statuses: complete, ordered, and careful with addresses."""

from datetime import timedelta

import pytest
from tools.unisender import statuses

# all of the vendor's page of checkEmail
VENDOR = """not_sent ok_sent ok_delivered ok_read ok_link_visited ok_unsubscribed ok_spam_folder ok_fbl
err_will_retry err_resend err_giveup err_user_unknown err_user_inactive err_mailbox_discarded
err_mailbox_full err_no_dns err_no_smtp err_domain_inactive err_destination_misconfigured
err_blacklisted err_spam_rejected err_spam_may_retry err_spam_removed err_spam_skipped err_too_large
err_delivery_failed err_skip_letter err_unsubscribed err_src_invalid err_dest_invalid err_not_allowed
err_over_quota err_not_available err_unreachable err_lost err_internal skip_dup_unreachable
skip_dup_temp_unreachable skip_dup_mailbox_full delayed""".split()
# of the vendor's page of UniOne, whose letters go the same way
SISTER = ["err_retry_letter"]
FAILURES = set(
    "invalid_address mailbox_unavailable mailbox_full domain spam_rejected too_large unsubscribed "
    "blocked no_money lost other".split()
)
KINDS = set(
    "pending sent deferred delivered opened clicked unsubscribed spam complained failed".split()
)


def test_the_table_is_the_vendors():
    assert set(statuses.STATUSES) == {*VENDOR, *SISTER}
    assert all(statuses.is_known(raw) for raw in (*VENDOR, *SISTER))
    assert not statuses.is_known("err_new")


@pytest.mark.parametrize(
    "raw", [*VENDOR, *SISTER, "ok_new", "err_new", "skip_new", "", None, 5, "nonsense"]
)
def test_every_status_means_something(raw):
    status = statuses.get_status(raw)
    assert status.kind in KINDS
    assert (status.failure_type in FAILURES) == (status.kind == "failed")
    assert not status.address_dead or (status.kind == "failed" and status.final)


def test_progress_is_ordered():
    order = "not_sent ok_sent err_will_retry err_user_unknown ok_delivered ok_read ok_link_visited"
    ranks = [statuses.get_status(raw).rank for raw in [*order.split(), "ok_unsubscribed"]]
    assert ranks == sorted(set(ranks))


@pytest.mark.parametrize(
    "raw", ["err_user_unknown", "err_user_inactive", "err_mailbox_discarded", "err_unreachable"]
)
def test_addresses_that_are_gone(raw):
    assert statuses.get_status(raw).address_dead


@pytest.mark.parametrize(
    "raw",
    ["err_mailbox_full", "err_not_available", "skip_dup_temp_unreachable", "err_no_dns"]
    + ["err_destination_misconfigured", "err_spam_rejected", "err_lost", "err_of_next_year"],
)
def test_addresses_that_may_work_next_month(raw):
    assert not statuses.get_status(raw).address_dead


def test_an_unheard_of_failure_is_the_end_only_when_it_stays():
    day = timedelta(days=1)
    for raw in ("err_new_thing", "skip_new"):
        for age in (None, timedelta(0), day - timedelta(minutes=1)):
            assert not statuses.get_status(raw, age).final
        assert statuses.get_status(raw, day).final
        assert not statuses.get_status(raw, day).address_dead
    assert statuses.get_status("err_user_unknown").final
    assert not statuses.get_status("err_will_retry", 30 * day).final


def test_a_letter_that_is_tried_again_is_on_its_way():
    status = statuses.get_status("err_retry_letter")
    assert (status.kind, status.final) == ("deferred", False)
