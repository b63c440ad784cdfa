"""Sending again: a linked draft mailing of letters or documents that went; history stays."""

from collections import defaultdict

from odoo.exceptions import UserError
from odoo.tools import SQL

from .epd_letter_eligibility import LIVE
from .letter_writer import LetterWriter

REPEAT_KINDS = [
    ("failed", "Not delivered"),
    ("unopened", "Not opened"),
    ("reissued", "Issued again"),
    ("chosen", "Chosen letters"),
    ("asked", "At the payer's request"),
]


class MailingRepeat:
    """What is sent again after one mailing.

    :param mailing: ``epd.mailing``; rights are checked by the caller
    """

    def __init__(self, mailing):
        mailing.ensure_one()
        self.mailing = mailing
        self.env = mailing.env

    def of_letters(self, letters, reason, kind="chosen"):
        """Return a draft mailing that sends ``letters`` once more.

        Each repeat has the next resend number, the person and the reason.

        :param kind: one of ``REPEAT_KINDS``
        :raise UserError: when there is nothing to send again
        """
        targets = get_repeat_targets(letters.sudo())
        if not targets:
            raise UserError(
                self.env._(
                    "There is nothing to send again: correct the addresses of these accounts "
                    "first, or open them again."
                )
            )
        repeat = self._copy(kind)
        LetterWriter(repeat).repeat(targets, f"{reason} ({self.env.user.name})")
        return repeat

    def of_reissued(self):
        """Return a draft mailing of the new versions of documents issued again since.

        :raise UserError: when there is none without a letter
        """
        reissued = self.get_reissued()
        known = self.env["epd.mailing.letter"].search(
            [
                ("document_id", "in", reissued.ids),
                ("send_state", "in", LIVE),
                ("is_test", "=", False),
            ]
        )
        documents = reissued - known.document_id
        if not documents:
            raise UserError(
                self.env._("No document of this mailing was issued again and is still to be sent.")
            )
        repeat = self._copy("reissued")
        repeat._add_documents(documents)
        return repeat

    def _copy(self, kind):
        repeat = self.mailing.copy()
        repeat.sudo()._unlocked().write({"parent_id": self.mailing.id, "repeat_kind": kind})
        return repeat

    def name(self, name):
        """Return the name of a mailing that is itself a repeat: what goes again, and the how many-th time.

        :param name: what the mailing it repeats is called by its subject and month
        """
        mailing = self.mailing
        labels = dict(mailing._fields["repeat_kind"]._description_selection(self.env))
        parent = mailing.parent_id.sudo().with_context(active_test=False)  # archived ones count too
        others = parent.child_ids.filtered(
            lambda child: child.repeat_kind == mailing.repeat_kind and child.id < mailing._origin.id
        )
        return self.env._(
            "%(name)s — repeat %(number)s: %(what)s",
            name=name,
            number=len(others) + 1,
            what=labels[mailing.repeat_kind].lower(),
        )

    def get_reissued(self):
        """Return the live versions of the documents of the mailing that were superseded."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT live.id
                  FROM epd_mailing_letter letter
                  JOIN epd_payment_document old ON old.id = letter.document_id
                  JOIN epd_payment_document live
                    ON live.account_id = old.account_id AND live.period_id = old.period_id
                   AND live.form = old.form AND live.state = 'saved'
                 WHERE letter.mailing_id = %s AND NOT letter.is_test
                   AND old.state = 'superseded'
                """,
                self.mailing.id,
            )
        )
        return self.env["epd.payment.document"].browse(row[0] for row in rows)


def get_repeat_targets(letters):
    """Return [(letter, address)] for those of the letters that may go once more.

    Only documents that still live are taken, and only when no later letter of theirs is on its way
    or arrived. A letter whose address is lost goes to the account's other addresses.

    :param letters: ``epd.mailing.letter`` (sudo)
    """
    later = defaultdict(list)
    for other in letters.search(
        [
            ("document_id", "in", letters.document_id.ids),
            ("is_test", "=", False),
            ("send_state", "in", LIVE),
        ]
    ):
        later[other.document_id.id, other.email_normalized].append(other)
    targets, seen = [], set()
    possible = letters.env["epd.letter.eligibility"]._get_targets(letters.document_id)
    for letter in letters.sorted("id", reverse=True):
        document = letter.document_id
        good = {target.address_id for target in possible[document.id] if target.can_go_again}
        addresses = letter.address_id
        if addresses.id not in good or addresses.email_normalized != letter.email_normalized:
            addresses = letter.account_id.address_ids
        for address in addresses.filtered(lambda a, good=good: a.id in good):
            key = document.id, address.email_normalized
            if key in seen or any(
                other.id > letter.id and other.state not in ("bounced", "rejected")
                for other in later[key]
            ):
                continue
            if address.email_normalized != letter.email_normalized and later[key]:
                continue  # that address has had this document by a letter of its own
            seen.add(key)
            targets.append((letter, address))
    return targets[::-1]
