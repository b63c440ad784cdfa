"""The houses in which screens are opened: 100 000 payers of 500 houses, then a year of their letters.

Accounts have the charges of two months, as an office that goes on has: few sums jump against the month before.
"""

import time
from dataclasses import dataclass, field

import psycopg2.extensions
from dateutil.relativedelta import relativedelta
from odoo.addons.epd_mailing.tools import account_search
from odoo.sql_db import db_connect
from odoo.tools import SQL

from .copies import copy_rows, make_documents, nth
from .house import copy_figures
from .todays import screens

FLATS = 200  # of a house
MONTHS = 12
# what became of the letters of a month that went well
SHARES = SQL(
    "(ARRAY['delivered','opened','read','delivered','bounced','sent','opened','delivered',"
    "'skipped','delivered'])[1 + n %% 10]"
)
# 4 000 surnames, so that one finds some twenty payers
SURNAME = SQL(
    "(ARRAY['Ал','Бор','Вас','Гор','Дем','Ефр','Жар','Зав','Иль','Кор','Лом','Мел','Ник','Ост','Пет',"
    "'Род','Сав','Тим','Уст','Фил','Хар','Чер','Шал','Яр','Кузн'])[1 + n %% 25]"
    " || (ARRAY['ан','ев','ик','ол','ун','арь','ист','онь','еч','уш','ад','иш','ак','об','ил','ет','ос',"
    "'ыр','ень','ат'])[1 + n / 25 %% 20]"
    " || (ARRAY['ов','ова','ин','ина','ский','ская','ый','ая'])[1 + n / 500 %% 8]"
)


@dataclass
class House:
    """What screens are opened on.

    :ivar records: {model: id of the record that its form shows}
    :ivar words: of an account in the middle
    :ivar document_ids: of the month, one an account
    """

    run_id: int
    period_id: int
    words: screens.Words
    document_ids: list[int]
    records: dict[str, int] = field(default_factory=dict)


def make_house(env, count):
    """Return the :class:`House`: accounts with charges, a document, an address and a letter each."""
    started = time.perf_counter()
    documents = make_documents(env, count)
    period = documents[0].period_id
    spread(env, documents)
    copy_figures(env, documents.account_id.ids, env.ref("epd_mailing.demo_period_2026_02"))
    copy_figures(env, documents.account_id.ids, period)
    run = env["epd.billing.run"].create(
        {
            "period_id": period.id,
            "list_ids": [(6, 0, env.ref("epd_mailing.account_list_all_open").ids)],
        }
    )
    run._add_accounts()
    env.cr.execute("UPDATE epd_billing_run_line SET state = 'saved' WHERE run_id = %s", (run.id,))
    env.cr.execute("UPDATE epd_billing_run SET state = 'done' WHERE id = %s", (run.id,))
    mailing = make_mailing(env, period, documents[:1], run)
    copy_letters(env, mailing, documents.ids[1:])
    settle(env)
    print(f"  made in {time.perf_counter() - started:.0f} s")
    account = documents[len(documents) // 2].account_id
    words = screens.Words(
        number=account.number,
        payer=account.partner_id.name.split()[0],
        street="примерная 77",
        flat=account.premises,
        email=account.address_ids[:1].email,
    )
    letter = env["epd.mailing.letter"].search([("mailing_id", "=", mailing.id)], limit=1)
    records = {
        "epd.billing.run": run.id,
        "epd.mailing": mailing.id,
        "epd.personal.account": account.id,
        "epd.mailing.letter": letter.id,
        "epd.payment.document": account.document_ids[:1].id,
        "epd.building": account.building_id.id,
        "epd.billing.period": period.id,
        "epd.account.list": env.ref("epd_mailing.account_list_all_open").id,
    }
    return House(run.id, period.id, words, documents.ids, records)


def spread(env, documents):
    """Give the accounts of copied documents houses, flats and payers of their own."""
    account_ids = documents.account_id.ids
    count, pattern = len(account_ids), documents[0].account_id
    buildings = copy_rows(
        env,
        "epd_building",
        pattern.building_id.ids,
        1 + (count - 1) // FLATS,
        {"name": SQL("'г. Казань, ул. Примерная ' || n %% 150 || '-я, д. ' || n")},
    )
    provisions = env["epd.service.provision"].search([("building_id", "=", pattern.building_id.id)])
    place = SQL("1 + (n - 1) / %s", len(provisions))
    copy_rows(
        env,
        "epd_service_provision",
        provisions.ids,
        len(provisions) * len(buildings),
        {"building_id": SQL("(%s::int[])[%s]", buildings, place)},
    )
    name = SQL(
        "%s || ' ' || (ARRAY['Анна','Иван','Мария','Пётр'])[1 + n %% 4] || ' ' || n", SURNAME
    )
    partners = copy_rows(
        env,
        "res_partner",
        pattern.partner_id.ids,
        count,
        {
            "name": name,
            "complete_name": name,
            "email": SQL("NULL"),
            "email_normalized": SQL("NULL"),
        },
    )
    env.cr.execute(
        "UPDATE res_partner SET commercial_partner_id = id WHERE id = ANY(%s)", (partners,)
    )
    env.cr.execute(
        """
        UPDATE epd_personal_account account
           SET number = lpad((7000000 + n)::text, 8, '0'), partner_id = (%(partners)s::int[])[n],
               building_id = (%(buildings)s::int[])[1 + (n - 1) / %(flats)s],
               premises = (1 + (n - 1) %% %(flats)s)::text, premises_sort = 1 + (n - 1) %% %(flats)s
          FROM unnest(%(accounts)s::int[]) WITH ORDINALITY AS given (id, n)
         WHERE account.id = given.id
        """,
        {"partners": partners, "buildings": buildings, "flats": FLATS, "accounts": account_ids},
    )
    write_search_texts(env, account_ids)
    for table in ("epd_payment_document", "epd_delivery_address"):
        building = SQL(", building_id = account.building_id")
        env.cr.execute(
            SQL(
                "UPDATE %s row SET partner_id = account.partner_id%s FROM epd_personal_account account"
                " WHERE account.id = row.account_id AND account.id = ANY(%s)",
                SQL.identifier(table),
                building if table == "epd_payment_document" else SQL(),
                account_ids,
            )
        )
    env.invalidate_all()
    env.cr.commit()


def write_search_texts(env, account_ids):
    """Write what accounts are searched in, as the model itself does."""
    env.cr.execute(
        "SELECT account.id, account.number, building.name, account.premises, partner.name"
        "  FROM epd_personal_account account JOIN epd_building building ON building.id = building_id"
        "  JOIN res_partner partner ON partner.id = partner_id WHERE account.id = ANY(%s)",
        (account_ids,),
    )
    texts = [
        (number, account_search.make_text([text], building, premises, payer))
        for number, text, building, premises, payer in env.cr.fetchall()
    ]
    env.cr.execute(
        "UPDATE epd_personal_account account SET search_text = given.text"
        "  FROM unnest(%s::int[], %s::text[]) AS given (id, text) WHERE account.id = given.id",
        tuple(map(list, zip(*texts, strict=True))),
    )


def make_mailing(env, period, documents, run=None):
    """Return a mailing that is done, with the letters of some documents."""
    mailing = env["epd.mailing"].create(
        {
            "unisender_account_id": env.ref("epd_mailing.demo_unisender_account").id,
            "template_id": env.ref("epd_mailing.demo_template").id,
            "period_id": period.id,
            "run_id": run.id if run else False,
        }
    )
    mailing._add_documents(documents)
    env.flush_all()
    env.cr.execute("UPDATE epd_mailing SET state = 'done' WHERE id = %s", (mailing.id,))
    env.invalidate_all()
    return mailing


def copy_letters(env, mailing, document_ids):
    """Make a letter of each document, in the states of a month that went well."""
    rows = env.execute_query(
        SQL(
            "SELECT account_id, building_id, partner_id FROM unnest(%s::int[]) WITH ORDINALITY"
            " AS wanted (id, place) JOIN epd_payment_document document USING (id) ORDER BY place",
            document_ids,
        )
    )
    accounts, buildings, partners = map(list, zip(*rows, strict=True))
    email = SQL("'bench.' || n || '@example.com'")
    sent = SQL("now() AT TIME ZONE 'UTC' - n %% 3000 * interval '1 minute'")
    copy_rows(
        env,
        "epd_mailing_letter",
        mailing.letter_ids[:1].ids,
        len(document_ids),
        {
            "document_id": nth(document_ids),
            "account_id": nth(accounts),
            "building_id": nth(buildings),
            "partner_id": nth(partners),
            "email": email,
            "email_normalized": email,
            "letter_key": SQL("%s || n", f"bench-{mailing.id}-"),
            "claim_token": SQL("NULL"),
            "provider_id": SQL("%s || n", f"{mailing.id}-"),
            "send_state": SQL("CASE WHEN %s = 'skipped' THEN 'skipped' ELSE 'sent' END", SHARES),
            "state": SHARES,
            "sent_at": sent,
            "opened_at": SQL(
                "CASE WHEN %s IN ('opened', 'read') THEN %s + interval '5 hours' END", SHARES, sent
            ),
        },
    )


def add_months(env, house, count):
    """Add documents, letters and events of earlier months, and return how many letters there are.

    They are copies of whole rows: looking up each of their foreign keys once more would take longer than
    all the rest, so the keys go first. Nothing is written afterwards.

    :param count: letters in all, of twelve months
    """
    started = time.perf_counter()
    drop_foreign_keys(env)
    env.cr.execute("SELECT count(*) FROM epd_mailing_letter")
    missing = count - env.cr.fetchone()[0]
    periods = env["epd.billing.period"]
    last = periods.browse(house.period_id)
    for back in range(1, MONTHS):
        part = missing // (MONTHS - back)
        missing -= part
        if part < 2:
            continue
        start = last.date_start - relativedelta(months=back)
        period = periods.search(
            [("date_start", "=", start), ("company_id", "=", last.company_id.id)]
        )
        period = period or periods.create({"date_start": start, "company_id": last.company_id.id})
        env.flush_all()
        sources = house.document_ids[: min(part, len(house.document_ids))]
        changes = {
            "period_id": SQL("%s", period.id),
            "run_id": SQL("NULL"),
            "version": SQL("1 + (n - 1) / %s", len(sources)),
        }
        documents = copy_rows(env, "epd_payment_document", sources, part, changes)
        env.invalidate_all()
        mailing = make_mailing(env, period, env["epd.payment.document"].browse(documents[:1]))
        copy_letters(env, mailing, documents[1:])
        env.cr.commit()
    copy_events(env)
    settle(env)
    env.cr.execute("SELECT count(*) FROM epd_mailing_letter")
    made = env.cr.fetchone()[0]
    print(f"  {made} letters, made in {time.perf_counter() - started:.0f} s more")
    return made


def drop_foreign_keys(env):
    """Drop the foreign keys of the tables that are filled."""
    env.cr.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f'"
        " AND conrelid IN ('epd_payment_document'::regclass, 'epd_mailing_letter'::regclass,"
        " 'epd_letter_event'::regclass)"
    )
    for table, name in env.cr.fetchall():
        env.cr.execute(
            SQL("ALTER TABLE %s DROP CONSTRAINT %s", SQL.identifier(table), SQL.identifier(name))
        )


def copy_events(env):
    """Write the events that say what became of the letters."""
    for status, states in (
        ("ok_delivered", ("delivered", "opened", "read")),
        ("ok_read", ("opened", "read")),
    ):
        env.cr.execute(
            """
            INSERT INTO epd_letter_event (letter_id, unisender_account_id, letter_key, provider_id,
                                          raw_status, event_at, received_at, source)
            SELECT id, unisender_account_id, letter_key, provider_id, %s, sent_at, sent_at, 'webhook'
              FROM epd_mailing_letter WHERE state IN %s
            """,
            (status, states),
        )
    env.cr.commit()


def settle(env):
    """Have PostgreSQL know its tables, as its own vacuum does within a minute."""
    env.invalidate_all()
    env.cr.commit()
    with db_connect(env.cr.dbname).cursor() as cr:
        cr._cnx.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
        cr.execute("VACUUM ANALYZE")
