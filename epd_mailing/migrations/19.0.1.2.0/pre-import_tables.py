"""The two bare tables of the loader become models; work in hand begins anew at its first row."""


def migrate(cr, _version):
    """Drop the tables, which the models create, and send files that were being read to their start.

    Reading again changes nothing that was loaded before the update: the same row again is known.
    """
    cr.execute(
        """SELECT 1 FROM information_schema.columns
            WHERE table_name = 'epd_import_key' AND column_name = 'lines'"""
    )
    if cr.rowcount:
        return
    cr.execute(
        """
        UPDATE epd_import SET position = 0, row_reached = 0, row_count = 0, created_count = 0,
               updated_count = 0, same_count = 0, left_count = 0, removed_count = 0, kept_count = 0,
               error_count = 0, warning_count = 0, paid_sum = 0, swept_to = 0
         WHERE id IN (SELECT import_id FROM epd_import_key
                      UNION SELECT import_id FROM epd_import_paid_row)
        """
    )
    cr.execute(
        """
        DELETE FROM epd_import_problem
         WHERE import_id IN (SELECT import_id FROM epd_import_key
                             UNION SELECT import_id FROM epd_import_paid_row)
        """
    )
    cr.execute("DROP TABLE epd_import_key, epd_import_paid_row")
