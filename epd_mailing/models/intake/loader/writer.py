from ....tools import money


class BulkWriter:
    """Creates and changes records of one slice; documents are marked by the caller, once.

    :param env: environment with the rights of whose work it is
    """

    def __init__(self, env):
        self.env = env

    def _get_model(self, name):
        records = self.env[name]
        return records._without_touching() if hasattr(records, "_without_touching") else records

    def insert(self, model, vals_list):
        """Create records of these values."""
        self._get_model(model).create(vals_list)

    def update(self, model, changed):
        """Write ``(id, values that differ)`` of records that are there."""
        records = self._get_model(model)
        for id_, vals in changed:
            if vals:
                records.browse(id_).write(vals)

    def drop_same(self, record, vals):
        """Return what of ``vals`` a record does not say yet, as it is written."""
        return {
            name: float(value) if hasattr(value, "as_tuple") else value
            for name, value in vals.items()
            if self._differs(record, name, value)
        }

    def _differs(self, record, name, value):
        field, now = record._fields[name], record[name]
        if field.type == "many2one":
            return now.id != value
        if field.type in ("float", "monetary"):
            digits = field.get_digits(self.env) if field.type == "float" else (16, 2)
            places = digits[1] if digits else 6
            return money.to_decimal(now, places) != money.to_decimal(value, places)
        return (now or False) != (value or False)
