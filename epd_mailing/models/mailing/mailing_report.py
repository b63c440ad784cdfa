"""The report of a mailing a day after it went: a message to the responsible person, and a task."""

from markupsafe import Markup

FIGURES = (
    ("sent_count", "delivered_rate"),
    ("delivered_count", "delivered_rate"),
    ("opened_count", "opened_rate"),
    ("read_count", "read_rate"),
    ("failed_count", "failed_rate"),
    ("skipped_count", None),
    ("unknown_count", None),
)


class MailingReport:
    """Reports one mailing.

    :param mailing: ``epd.mailing`` with the rights and the language of the program
    """

    def __init__(self, mailing):
        mailing.ensure_one()
        self.mailing = mailing
        self.env = mailing.env

    def send(self):
        """Tell the responsible person what became of the letters; once."""
        mailing = self.mailing
        user = mailing.responsible_id or mailing.user_id
        mailing._unlocked().write({"report_due_at": False})
        if not user.active or mailing.company_id not in user.company_ids:
            user = self.env["epd.delivery.address"]._get_office_user(mailing)
        lang = user.lang or self.env.lang
        report = MailingReport(mailing.with_context(lang=lang))
        mailing.message_notify(
            partner_ids=user.partner_id.ids,
            subject=report.env._("A day after: %s", mailing.name),
            body=report.make_table(),
        )
        trouble = report.describe_trouble()
        if trouble:
            # the report has informed them: no second message that there is a task
            mailing.with_context(mail_activity_quick_update=True).activity_schedule(
                "mail.mail_activity_data_todo",
                summary=report.env._("Letters did not arrive"),
                note=trouble,
                user_id=user.id,
            )

    def make_table(self):
        """Return the figures of the mailing as HTML."""
        mailing = self.mailing
        rows = Markup("")
        for count, rate in FIGURES:
            label = mailing._fields[count]._description_string(self.env)
            percent = f"{round(mailing[rate])} %" if rate and count != "sent_count" else ""
            rows += Markup(
                '<tr><td>{}</td><td style="text-align: right">{}</td><td>{}</td></tr>'
            ).format(label, mailing[count], percent)
        return Markup("<p>{}</p><table>{}</table>").format(
            self.env._("A day after the mailing “%s” went:", mailing.name), rows
        )

    def describe_trouble(self):
        """Return what a person has to look at, or an empty text."""
        mailing = self.mailing
        parts = []
        if mailing.failed_count:
            parts.append(
                self.env._(
                    "Not delivered: %s. Correct the addresses in the table of letters, or print "
                    "these receipts.",
                    mailing.failed_count,
                )
            )
        if mailing.unknown_count:
            parts.append(
                self.env._(
                    "Of unknown outcome: %s. Open each and decide whether it was sent.",
                    mailing.unknown_count,
                )
            )
        return " ".join(parts)
