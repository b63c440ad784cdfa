"""Lists and contacts: getLists, createList, subscribe, exclude, unsubscribe, importContacts, getContact."""

import re

from . import fates
from .errors import ApiError
from .forms import nested, text
from .store import stamp

ROWS_A_CALL = 500


class ContactMethods:
    """Lists and the people in them."""

    def do_getLists(self, _args):
        """All lists."""
        return self.store.rows("SELECT id, title FROM list ORDER BY id")

    def do_createList(self, args):
        """A new list; its title is unique."""
        title = text(args, "title")
        if not title or self.store.rows("SELECT 1 FROM list WHERE title = ?", title):
            raise ApiError("invalid_arg", "title is empty or not unique")
        return {"id": self.store.run("INSERT INTO list (title) VALUES (?)", title)}

    def do_subscribe(self, args):
        """Put a person into lists; ``double_optin`` 3 takes their consent as given."""
        fields = nested(args, "fields")
        email = fields.get("email", "").strip().lower()
        lists = self._read_lists(args)
        if not lists:
            raise ApiError("invalid_arg", "list_ids is required")
        if "@" not in email and not fields.get("phone"):
            raise ApiError("invalid_arg", "fields[email] or fields[phone] is required")
        if text(args, "double_optin") not in ("", "0", "1", "2", "3", "4"):
            raise ApiError("invalid_arg", "double_optin")
        status = "active" if text(args, "double_optin") in ("3", "4") else "invited"
        who = email or fields["phone"]
        for list_id in lists:
            self.put_into_list(who, list_id, status)
        return {"person_id": self._get_person(who)}

    def do_exclude(self, args):
        """Take a contact out of lists, of all when none is named."""
        self._leave(args, "DELETE FROM contact")
        return {}

    def do_unsubscribe(self, args):
        """Mark a contact as one who unsubscribed."""
        self._leave(args, "UPDATE contact SET status = 'unsubscribed'")
        return {}

    def _leave(self, args, statement):
        if text(args, "contact_type") not in ("email", "phone") or not text(args, "contact"):
            raise ApiError("invalid_arg", "contact_type and contact are required")
        lists = self._read_lists(args)
        where = f" AND list_id IN ({','.join('?' * len(lists))})" if lists else ""
        self.store.run(
            f"{statement} WHERE email = ?{where}", text(args, "contact").strip().lower(), *lists
        )

    def do_importContacts(self, args):
        """Rows of ``field_names[n]`` and ``data[row][n]``, at most 500."""
        names = nested(args, "field_names")
        if "email" not in names.values():
            raise ApiError("invalid_arg", "field_names has no email")
        rows = {}
        for key, value in args.items():
            place = re.fullmatch(r"data\[(\d+)\]\[(\d+)\]", key)
            if place and place[2] in names:
                rows.setdefault(int(place[1]), {})[names[place[2]]] = value.decode(
                    "utf-8", "replace"
                )
        if len(rows) > ROWS_A_CALL:
            raise ApiError("invalid_arg", f"at most {ROWS_A_CALL} rows")
        inserted, updated, log = 0, 0, []
        for index, row in sorted(rows.items()):
            email = row.get("email", "").strip().lower()
            if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
                log.append({"index": index, "code": "invalid_email", "message": email})
                continue
            lists = re.findall(r"\d+", row.get("email_list_ids", ""))
            strange = next((one for one in lists if not self.is_list(one)), None)
            if strange:
                log.append({"index": index, "code": "invalid_arg", "message": strange})
                continue
            known = self.is_contact(email)
            inserted, updated = inserted + (not known), updated + known
            for list_id in lists:
                self.put_into_list(email, list_id)
        return {
            "total": len(rows),
            "inserted": inserted,
            "updated": updated,
            "deleted": 0,
            "new_emails": inserted,
            "invalid": len(log),
            "log": log,
        }

    def do_getContact(self, args):
        """The contact of an address with the times of their last letter (UTC)."""
        email = text(args, "email").lower()
        self.advance()
        rows = self.store.rows("SELECT * FROM letter WHERE email = ? ORDER BY received", email)
        lists = self.store.rows("SELECT * FROM contact WHERE email = ? ORDER BY list_id", email)
        if not rows and not lists:
            raise ApiError("invalid_arg", "The contact is not found")
        added = min(row["added_at"] for row in lists) if lists else rows[0]["received"]
        found = {
            "email": {
                "email": email,
                "added_at": stamp(added),
                "status": lists[0]["status"] if lists else "active",
                "availability": "available",
                **self._get_last_times(rows[-1] if rows else None),
            }
        }
        if text(args, "include_lists") == "1":
            found["lists"] = [
                {
                    "id": int(row["list_id"]),
                    "status": row["status"],
                    "added_at": stamp(row["added_at"]),
                }
                for row in lists
            ]
        return found

    def _get_last_times(self, last):
        """Return the times of the contact's last letter, nothing where there is none."""
        times = {}
        if last:
            times = {
                status: last["received"] + at / self.settings["speed"]
                for at, status in fates.steps_of(last)
            }
        now = self.store.now()

        def when(status):
            moment = times.get(status)
            return stamp(moment) if moment and moment <= now else None

        return {
            "last_send_datetime": stamp(last["received"]) if last else None,
            "last_delivery_datetime": when("ok_delivered"),
            "last_read_datetime": when("ok_read"),
            "last_click_datetime": when("ok_link_visited"),
        }

    # --- for the other methods -------------------------------------------------------------------

    def put_into_list(self, email, list_id, status="active"):
        """Put an address into a list; who is there already stays as they are."""
        self.store.run(
            "INSERT OR IGNORE INTO contact VALUES (?, ?, ?, ?)",
            email,
            str(list_id),
            status,
            self.store.now(),
        )

    def is_list(self, list_id):
        """Tell whether there is a list of this number (text)."""
        return bool(self.store.rows("SELECT 1 FROM list WHERE id = ?", list_id))

    def is_contact(self, email):
        """Tell whether the address is in any list and gets letters."""
        return bool(
            self.store.rows(
                "SELECT 1 FROM contact WHERE email = ? AND status = 'active' LIMIT 1", email
            )
        )

    def _get_person(self, who):
        return self.store.rows("SELECT min(rowid) AS n FROM contact WHERE email = ?", who)[0]["n"]

    def _read_lists(self, args):
        """Return the numbers of ``list_ids``; an unknown one is rejected."""
        wanted = re.findall(r"\d+", text(args, "list_ids"))
        for list_id in wanted:
            if not self.is_list(list_id):
                raise ApiError("invalid_arg", f"The list {list_id} is unknown")
        return wanted
