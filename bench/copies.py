"""A big house at once: accounts, saved documents and letters copied row by row inside PostgreSQL.

For measurements of what happens to letters: how documents are made is measured elsewhere.
"""

from odoo.tools import SQL

from .house import make_accounts

PATTERNS = 20  # real documents that the copies repeat


def copy_rows(env, table, source_ids, count, changes):
    """Copy rows of a table, its sources in turn, and return the new ids in order.

    :param changes: {column: SQL expression} over ``source`` and ``n`` (1…count)
    """
    columns = [
        name
        for (name,) in env.execute_query(
            SQL(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s "
                "AND table_schema = current_schema() AND column_name <> 'id'",
                table,
            )
        )
    ]
    values = [changes.get(name, SQL("source.%s", SQL.identifier(name))) for name in columns]
    rows = env.execute_query(
        SQL(
            """
            INSERT INTO %(table)s (%(columns)s)
            SELECT %(values)s
              FROM generate_series(1, %(count)s) AS n
              JOIN %(table)s source
                ON source.id = (%(sources)s::int[])[1 + (n - 1) %% %(sources_count)s]
             ORDER BY n
         RETURNING id
            """,
            table=SQL.identifier(table),
            columns=SQL(", ").join(map(SQL.identifier, columns)),
            values=SQL(", ").join(values),
            count=count,
            sources=list(source_ids),
            sources_count=len(source_ids),
        )
    )
    # foreign keys to this table are checked by plans kept from when it was small
    env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))
    return [row[0] for row in rows]


def nth(ids):
    """Return an SQL expression: the n-th of ``ids``."""
    return SQL("(%s::int[])[n]", ids)


def make_documents(env, count):
    """Return ``count`` saved documents of accounts of their own, each with an address and a file."""
    accounts, period = make_accounts(env, PATTERNS)
    documents = env["epd.payment.document"]
    documents._form_documents(accounts, period, "epd")
    patterns = documents.search(
        [("account_id", "in", accounts.ids), ("state", "=", "saved")], order="account_id"
    )
    env.flush_all()
    account_ids = patterns.account_id.ids
    stamp = accounts[0].number
    copies = copy_rows(
        env,
        "epd_personal_account",
        account_ids,
        count,
        {"number": SQL("%s || '-' || n", stamp)},
    )
    email = SQL("'noread.' || n || %s", f".{stamp}@example.com")
    copy_rows(
        env,
        "epd_delivery_address",
        [accounts.browse(number).address_ids[0].id for number in account_ids],
        count,
        {
            "account_id": nth(copies),
            "source": SQL("'manual'"),
            "email": email,
            "email_normalized": email,
        },
    )
    made = copy_rows(env, "epd_payment_document", patterns.ids, count, {"account_id": nth(copies)})
    files = env["ir.attachment"].search(
        [
            ("res_model", "=", "epd.payment.document"),
            ("res_field", "=", "pdf_file"),
            ("res_id", "in", patterns.ids),
        ],
        order="id",
    )
    by_document = {file.res_id: file.id for file in files}
    copy_rows(
        env,
        "ir_attachment",
        [by_document[number] for number in patterns.ids],
        count,
        {"res_id": nth(made)},
    )
    env.invalidate_all()
    env.cr.execute("ANALYZE")
    env.cr.commit()
    return documents.browse(made)


def pretend_sent(env, mailing, documents, provider_ids):
    """Return the letters of a mailing as if they had gone an hour ago, in the documents' order."""
    env.cr.execute(
        """
        UPDATE epd_mailing_letter letter
           SET send_state = 'sent', state = 'sent', provider_id = given.provider_id,
               sending_at = now() AT TIME ZONE 'UTC' - interval '1 hour',
               sent_at = now() AT TIME ZONE 'UTC' - interval '1 hour',
               next_poll_at = now() AT TIME ZONE 'UTC' - interval '1 minute'
          FROM unnest(%s::int[], %s::text[]) AS given (document_id, provider_id)
         WHERE letter.document_id = given.document_id AND letter.mailing_id = %s
        """,
        (documents.ids, [str(one) for one in provider_ids], mailing.id),
    )
    env.cr.execute(
        "UPDATE epd_payment_document SET delivery_state = 'sent' WHERE id = ANY(%s)",
        (documents.ids,),
    )
    env.cr.execute("ANALYZE")
    env.invalidate_all()
    env.cr.commit()
    return env["epd.mailing.letter"].search([("mailing_id", "=", mailing.id)], order="document_id")
