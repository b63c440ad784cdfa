"""The rules of readiness as data; the collaborators of ``epd.run.readiness`` find their records."""

from dataclasses import dataclass, field

from odoo.tools import LazyTranslate
from odoo.tools.translate import LazyGettext

_lt = LazyTranslate(__name__)


@dataclass(frozen=True)
class Rule:
    """One thing that may stand in the way; ``_find_<code>`` of ``epd.run.readiness`` finds its records.

    :param severity: ``error`` keeps accounts without a document, ``warning`` is to be checked
    :param model: of the records found
    :param text: what the clerk reads, and what to do about it
    """

    code: str
    severity: str
    model: str
    text: LazyGettext = field(compare=False)


RULES = (
    Rule(
        "dates_missing",
        "error",
        "epd.billing.period",
        _lt("The billing period has no present-by or pay-by date. Enter them."),
    ),
    Rule(
        "dates_against_law",
        "warning",
        "epd.billing.period",
        _lt("The dates of the billing period are not those of the law (Housing Code art. 155)."),
    ),
    Rule(
        "no_accounts",
        "error",
        "epd.account.list",
        _lt("There is no account in the chosen lists."),
    ),
    Rule(
        "no_provision",
        "error",
        "epd.charge",
        _lt(
            "Charges of services of which it is not known to whom they are paid. Enter the "
            "provision of the service in the building."
        ),
    ),
    Rule(
        "line_sum",
        "error",
        "epd.charge",
        _lt("Charges whose columns do not add up to their total."),
    ),
    Rule(
        "odd_vat",
        "warning",
        "epd.charge",
        _lt("Charges with a VAT rate that is none, or with more VAT than they come to."),
    ),
    Rule(
        "balance_sum",
        "error",
        "epd.account.balance",
        _lt("Balances whose “charged” differs from the sum of the charges of that payee."),
    ),
    Rule(
        "no_balance",
        "error",
        "epd.personal.account",
        _lt(
            "Accounts that owed money and have no balance in the period: their receipts would drop "
            "the debt. Load the balances, or lift this with a reason."
        ),
    ),
    Rule(
        "requisites_changed",
        "error",
        "res.partner.bank",
        _lt(
            "Requisites of payees are not those that the last documents were saved with. A manager "
            "compares and confirms them."
        ),
    ),
    Rule(
        "code_impossible",
        "error",
        "res.partner.bank",
        _lt("Bank accounts without the requisites that a payment code needs."),
    ),
    Rule(
        "requisites_check",
        "warning",
        "res.partner.bank",
        _lt("Bank accounts with requisites that look wrong."),
    ),
    Rule(
        "no_charges",
        "warning",
        "epd.personal.account",
        _lt("Accounts without charges and balance in the period: they will have no document."),
    ),
    Rule(
        "no_payer",
        "warning",
        "epd.personal.account",
        _lt("Accounts without a responsible person."),
    ),
    Rule(
        "archived_payer",
        "warning",
        "epd.personal.account",
        _lt(
            "Accounts whose responsible person is archived: the receipt still goes to them. "
            "Record the new responsible person, or restore the contact."
        ),
    ),
    Rule(
        "archived_building",
        "warning",
        "epd.personal.account",
        _lt(
            "Accounts of archived buildings stand in the chosen lists. Take them out, or restore "
            "the building."
        ),
    ),
    Rule(
        "double_lines",
        "warning",
        "epd.charge",
        _lt("Charges of the same service and amount twice on one account."),
    ),
    Rule(
        "double_unified",
        "warning",
        "epd.personal.account",
        _lt("Accounts with the same unified account number (ЕЛС)."),
    ),
    Rule(
        "latin_unified",
        "warning",
        "epd.personal.account",
        _lt(
            "Unified account numbers (ЕЛС) of a wrong form: Latin letters that look like "
            "Russian ones, a wrong length or order."
        ),
    ),
    Rule(
        "shared_email",
        "warning",
        "epd.delivery.address",
        _lt("One e-mail address on more than three accounts."),
    ),
    Rule(
        "office_email",
        "warning",
        "epd.delivery.address",
        _lt("The office's own address instead of the payer's."),
    ),
    Rule(
        "misspelt_email",
        "warning",
        "epd.delivery.address",
        _lt("Addresses written with a mistake: no letter goes there, the receipt goes on paper."),
    ),
    Rule(
        "doubtful_email",
        "warning",
        "epd.delivery.address",
        _lt(
            "Addresses with a mail domain that is probably a slip (gmial.com): letters go there "
            "as written. Check what is proposed, and press “Correct” where it is right."
        ),
    ),
    Rule(
        "no_gis_service",
        "warning",
        "epd.personal.account",
        _lt(
            "Accounts without the identifier of GIS ZhKKh (ИЖКУ): their payments are matched by hand."
        ),
    ),
    Rule(
        "odd_gis_service",
        "warning",
        "epd.personal.account",
        _lt(
            "Identifiers of GIS ZhKKh (ИЖКУ) of a wrong form: Latin letters that look like Russian "
            "ones, a wrong length or order. Payments by them are not found."
        ),
    ),
    Rule(
        "no_gis_document",
        "warning",
        "epd.personal.account",
        _lt(
            "Accounts whose bill has no identifier (ИПД) yet, while others of the month have theirs."
        ),
    ),
    Rule(
        "meter_expired",
        "warning",
        "epd.meter.reading",
        _lt(
            "Meters whose verification has ended: the law asks for the norm with the raising "
            "coefficient."
        ),
    ),
    Rule(
        "meter_expiring",
        "warning",
        "epd.meter.reading",
        _lt("Meters whose verification ends within two months: tell the payers."),
    ),
    Rule(
        "old_ratio",
        "warning",
        "epd.charge",
        _lt(
            "Cold water with the raising coefficient 1.5. Since 06.12.2025 it is 3 (government's "
            "decree 1871 of 25.11.2025)."
        ),
    ),
    Rule(
        "second_form",
        "warning",
        "epd.payment.document",
        _lt(
            "Accounts that have a document of this period already: the same charges will stand in "
            "a second document."
        ),
    ),
    Rule(
        "outdated",
        "warning",
        "epd.payment.document",
        _lt(
            "Saved documents whose charges have changed since. Choose the mode “Missing and "
            "changed” to save new versions."
        ),
    ),
)
# without these no account gets a document, so nothing is begun
WHOLE_RUN = ("dates_missing", "no_accounts", "requisites_changed")
