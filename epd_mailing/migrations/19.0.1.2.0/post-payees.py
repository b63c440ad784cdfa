"""Payers get the company of their accounts; what the last documents told payers is the standard."""

import json

from odoo import SUPERUSER_ID, api

SLICE = 5000


def migrate(cr, version):
    """Bring contacts and the journal of requisites in line with what is there."""
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False, "tracking_disable": True})
    join_companies(env)
    accept_printed(env)


def join_companies(env):
    """Give payers without a company that of their accounts, see ``res.partner._epd_join_company``."""
    env.cr.execute(
        """
        SELECT DISTINCT partner.id FROM res_partner partner
          JOIN epd_personal_account account ON account.partner_id = partner.id
         WHERE partner.company_id IS NULL
        """
    )
    ids = [row[0] for row in env.cr.fetchall()]
    for start in range(0, len(ids), SLICE):
        env["res.partner"].browse(ids[start : start + SLICE])._epd_join_company()
        env.invalidate_all()


def accept_printed(env):
    """Take what the newest document of each building says of its payees as accepted.

    A block is known by the number of its account; where that is another one now, by being the only
    block and the only payee of the building without a partner.
    """
    env.cr.execute(
        """
        SELECT DISTINCT ON (account.building_id)
               document.company_id, account.id, account.building_id, document.snapshot,
               document.saved_at
          FROM epd_payment_document document
          JOIN epd_personal_account account ON account.id = document.account_id
         WHERE document.state IN ('saved', 'superseded') AND NOT document.is_ready_made
         ORDER BY account.building_id, document.saved_at DESC, document.id DESC
        """
    )
    newest = {}
    for company_id, account_id, building_id, snapshot, saved_at in env.cr.fetchall():
        blocks = [block["payee"] for block in json.loads(snapshot or "{}").get("blocks", [])]
        provisions = env["epd.service.provision"].search([("building_id", "=", building_id)])
        balances = env["epd.account.balance"].search([("account_id", "=", account_id)])
        for payee, values in match(provisions.payee_id | balances.payee_id, blocks):
            known = newest.get((company_id, payee.id))
            if not known or saved_at > known[0]:
                newest[company_id, payee.id] = saved_at, values
    env["epd.payee.requisites"]._unlocked().create(
        [
            {
                "company_id": company_id,
                "payee_id": payee_id,
                "requisites": json.dumps(
                    values, sort_keys=True, ensure_ascii=False, separators=(",", ":")
                ),
                "accepted_at": saved_at,
            }
            for (company_id, payee_id), (saved_at, values) in newest.items()
        ]
    )


def match(payees, blocks):
    """Yield (payee, requisites printed) for those that belong together."""
    printed = {block.get("personal_acc"): block for block in blocks}
    rest = payees.browse()
    for payee in payees:
        number = (payee.acc_number or "").replace(" ", "")
        if number in printed:
            yield payee, printed.pop(number)
        else:
            rest |= payee
    if len(rest) == 1 and len(printed) == 1:
        yield rest, next(iter(printed.values()))
