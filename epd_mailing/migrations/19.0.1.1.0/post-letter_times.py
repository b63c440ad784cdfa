"""Times that cannot be true become «not later than»; letters that a person settled say so.

Until 19.0.1.1.0 the time of an event was believed whatever it was.
"""

STATUSES = {
    "delivered": ("ok_delivered",),
    "opened": ("ok_read",),
    "clicked": ("ok_link_visited",),
}


def migrate(cr, _version):
    """Bound the impossible times by when their event came."""
    for name, statuses in STATUSES.items():
        cr.execute(
            f"""
            UPDATE epd_mailing_letter letter
               SET {name}_source = 'poll',
                   {name}_at = COALESCE(
                       (SELECT min(received_at) FROM epd_letter_event event
                         WHERE event.letter_id = letter.id AND event.raw_status IN %s
                           AND event.received_at >= letter.sending_at),
                       now() AT TIME ZONE 'UTC')
             WHERE {name}_source <> 'poll'
               AND ({name}_at > now() AT TIME ZONE 'UTC' + interval '1 minute'
                    OR {name}_at < sending_at - interval '1 minute')
            """,
            (statuses,),
        )
    cr.execute(
        """
        UPDATE epd_mailing_letter SET settled_by = 'person'
         WHERE decided_by IS NOT NULL AND settled_by IS NULL
        """
    )
