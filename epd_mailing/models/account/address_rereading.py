from odoo import fields
from odoo.tools import SQL, split_every

from ...tools.address_text import read_addresses

CHUNK = 1000  # accounts read and written together


class AddressRereading:
    """Reads the addresses that are there once more, after the rules of reading have changed.

    What an earlier, lenient reading took for an address closes with a reason that a person sees;
    then the addresses of each account are what the contact of its person says. Letters that wait
    for an address that closes are skipped.

    :param env: of the superuser
    """

    def __init__(self, env):
        self.env = env
        self.addresses = env["epd.delivery.address"].sudo()

    def run(self):
        """Read all addresses again.

        :return: how many closed
        """
        self._remember()
        closed = 0
        accounts = self.env["epd.personal.account"].search([], order="id")
        for ids in split_every(CHUNK, accounts.ids):
            chunk = accounts.browse(ids)
            closed += len(self._reread(chunk))
            self.addresses._follow_contacts(chunk)
            self.env.flush_all()
            self.env.invalidate_all()
        return closed

    def _remember(self):
        """Fill in how closed addresses go on, which was not recorded before (see address_life)."""
        self.env.flush_all()
        reasons = {"New responsible person", self.env._("New responsible person")}
        self.env.execute_query(
            SQL(
                """
                UPDATE epd_delivery_address address
                   SET memory = CASE WHEN address.state_reason LIKE ANY(%s) THEN 'active'
                                     ELSE 'closed' END
                  FROM epd_personal_account account
                 WHERE account.id = address.account_id AND address.state = 'closed'
                   AND address.source = 'partner' AND address.memory IS NULL
                   AND address.partner_id = account.partner_id
             RETURNING address.id
                """,
                [f"{reason}%" for reason in reasons],
            )
        )
        self.env.execute_query(
            SQL(
                """
                UPDATE epd_delivery_address address SET partner_id = account.partner_id
                  FROM epd_personal_account account
                 WHERE account.id = address.account_id AND address.state <> 'closed'
                   AND address.source = 'manual' AND address.partner_id IS NULL
             RETURNING address.id
                """
            )
        )
        self.env.invalidate_all()

    def _reread(self, accounts):
        """Read the live addresses of accounts; return the closed ones."""
        live = self.addresses.search(
            [("account_id", "in", accounts.ids), ("state", "!=", "closed")], order="id"
        )
        wrong, several = [], []
        for account, addresses in live.grouped("account_id").items():
            taken = set()
            for address in addresses:
                text = address.email
                if address.source == "partner":
                    text = address.partner_id.email
                reading = read_addresses(text)
                if address.partner_id != account.partner_id:
                    wrong.append((address, self.env._("Address of another person")))
                elif reading.problems:
                    wrong.append((address, self._describe_misreading(address, reading)))
                elif not reading.normals:
                    wrong.append((address, self.env._("It does not stand on the person's contact")))
                elif reading.normals[0] in taken:
                    wrong.append((address, self.env._("The same mailbox stands there already")))
                elif address.source == "manual":
                    taken.update(reading.normals)
                    several += [(account, ", ".join(reading.normals[1:]))]
                    self._settle(address, reading.normals[0])
                elif address.email_normalized in reading.normals:
                    taken.add(address.email_normalized)
                else:
                    taken.add(reading.normals[0])
                    self._settle(address, reading.normals[0])
        for address, reason in wrong:
            address._unlocked()._move(
                "closed", state_reason=reason, state_date=fields.Datetime.now(), memory=False
            )
        closed = self.addresses.union(*(address for address, _reason in wrong))
        self.env.flush_all()
        closed._withdraw_letters()
        for account, text in several:
            if text:
                self.addresses._type_in(account, text)
        return closed

    def _settle(self, address, normal):
        if address.email_normalized != normal:
            address._unlocked().write({"email": normal, "email_normalized": normal})

    def _describe_misreading(self, address, reading):
        return self.env._(
            "%(problem)s. It was read as %(mailbox)s before; no letter goes there any more.",
            problem=self.addresses._describe_problems(reading),
            mailbox=address.email_normalized or "—",
        )
