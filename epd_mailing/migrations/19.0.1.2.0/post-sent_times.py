"""Nothing arrives before it was sent.

Until 19.0.1.2.0 a letter was sent when the service's answer came, and an event may be quicker.
"""


def migrate(cr, _version):
    """Bound the moment of sending by the first arrival, and that by the beginning of the call."""
    for name in ("delivered", "opened", "clicked", "bounced"):
        cr.execute(
            f"""
            UPDATE epd_mailing_letter SET {name}_at = sending_at
             WHERE {name}_at < sending_at AND {name}_at >= sending_at - interval '1 minute'
            """
        )
    cr.execute(
        """
        UPDATE epd_mailing_letter SET sent_at = LEAST(delivered_at, bounced_at)
         WHERE sent_at > LEAST(delivered_at, bounced_at)
           AND LEAST(delivered_at, bounced_at) >= sending_at
        """
    )
