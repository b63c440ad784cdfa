"""The files that go with every letter of a mailing, beside each payer's own receipt."""

from odoo.exceptions import UserError

from ...tools import letter_files, receipt_data
from ...tools.receipt_book import BookError
from ...tools.unisender.client import BASE64_GROWTH


class MailingFiles:
    """The common files of one mailing.

    :param mailing: ``epd.mailing``
    """

    def __init__(self, mailing):
        mailing.ensure_one()
        self.mailing = mailing
        self.env = mailing.env
        self.files = mailing.sudo().attachment_ids

    # --- what may be added ------------------------------------------------------------------------

    def adopt(self):
        """Take the files over that were just uploaded, and check them.

        A file of another record is none of this mailing: whoever may read it would have it mailed.

        :raise UserError: saying which file may not go to all payers, and why
        """
        mailing = self.mailing
        own = self.files.filtered(
            lambda file: (
                not file.res_field
                and (
                    (file.res_model == mailing._name and file.res_id == mailing.id)
                    or self._is_fresh(file)
                )
            )
        )
        foreign = self.files - own
        if foreign:
            raise UserError(
                self.env._(
                    "Upload the files of a mailing with its own button: one of these belongs to "
                    "another record."
                )
            )
        own.filtered(lambda file: not file.res_id).write(
            {"res_model": mailing._name, "res_id": mailing.id, "public": False}
        )
        self._check_count()
        for file in own:
            self._check_file(file)
        self.check_size()

    def _is_fresh(self, file):
        """Tell whether the user has just uploaded the file, to a form that was not saved yet."""
        return (
            not file.res_id
            and file.res_model in (False, self.mailing._name)
            and file.create_uid == self.env.user
        )

    def _check_count(self):
        if len(self.files) > letter_files.MAX_FILES:
            raise UserError(
                self.env._(
                    "A letter takes %s files beside the receipt at most.", letter_files.MAX_FILES
                )
            )

    def _check_file(self, file):
        extension = letter_files.get_extension(file.name)
        if file.type != "binary" or not file.raw:
            raise UserError(self.env._("The file “%s” is empty.", file.name))
        if extension not in letter_files.EXTENSIONS:
            raise UserError(
                self.env._(
                    "The file “%(name)s” cannot be sent: mail servers reject such files. These "
                    "go: %(kinds)s.",
                    name=file.name,
                    kinds=", ".join(letter_files.EXTENSIONS),
                )
            )
        self._check_nobodys(file, extension)

    def _check_nobodys(self, file, extension):
        """Let no receipt go to everybody: neither a saved one nor a PDF that names an account."""
        digest = receipt_data.digest(file.raw)
        documents = self.env["epd.payment.document"].sudo()
        if documents.search_count([("pdf_sha256", "=", digest)], limit=1):
            raise UserError(
                self.env._(
                    "The file “%s” is the receipt of one payer. Each payer gets their own receipt "
                    "anyway; add only what is for all of them.",
                    file.name,
                )
            )
        if extension != "pdf" and not file.raw.startswith(b"%PDF"):
            return
        try:
            if letter_files.count_pages(file.raw) > letter_files.MAX_PAGES:
                raise UserError(
                    self.env._(
                        "The file “%(name)s” has more than %(count)s pages.",
                        name=file.name,
                        count=letter_files.MAX_PAGES,
                    )
                )
            found = letter_files.find_number_candidates(file.raw)
        except BookError as error:
            raise UserError(
                self.env._(
                    "The file “%s” cannot be sent: it is damaged, protected or holds active "
                    "content. Print it to PDF anew.",
                    file.name,
                )
            ) from error
        account = (
            self.env["epd.personal.account"]
            .sudo()
            .with_context(active_test=False)
            .search(
                [
                    ("number", "in", list(found)),
                    ("company_id", "=", self.mailing.company_id.id),
                ],
                limit=1,
            )
        )
        if account:
            raise UserError(
                self.env._(
                    "The file “%(name)s” names the personal account %(number)s: it would go to "
                    "all payers. Add only what is for all of them.",
                    name=file.name,
                    number=account.number,
                )
            )

    # --- size -------------------------------------------------------------------------------------

    def get_size(self):
        """Return how many bytes the files add to each letter, as mail codes them."""
        return int(sum(self.files.mapped("file_size")) * BASE64_GROWTH)

    def check_size(self):
        """Check that the files, with the largest receipt of the mailing, fit into a letter.

        :raise UserError: saying the sizes and the service's limit
        """
        limit = self.mailing.unisender_account_id.limit_letter_bytes
        if not self.files or not limit:
            return
        receipt = int(self._get_largest_receipt() * BASE64_GROWTH)
        if self.get_size() + receipt > limit:
            raise UserError(
                self.env._(
                    "The letters would be larger than the service takes (%(limit)s): the files "
                    "make %(files)s, the largest receipt %(receipt)s. Make the files smaller or "
                    "remove some.",
                    limit=self._describe(limit),
                    files=self._describe(self.get_size()),
                    receipt=self._describe(receipt),
                )
            )

    def describe_size(self):
        """Return in words what the files add to each letter, or nothing."""
        limit = self.mailing.unisender_account_id.limit_letter_bytes
        if not self.files:
            return False
        if not limit:
            return self.env._("Adds %s to each letter.", self._describe(self.get_size()))
        return self.env._(
            "Adds %(files)s to each letter; the service takes %(limit)s with the receipt.",
            files=self._describe(self.get_size()),
            limit=self._describe(limit),
        )

    def _describe(self, count):
        return letter_files.describe_size(count, (self.env._("KB"), self.env._("MB")))

    def _get_largest_receipt(self):
        """Return the bytes of the largest receipt among the letters that wait."""
        waiting = self.env["epd.mailing.letter"]._search(
            [("mailing_id", "=", self.mailing.id), ("send_state", "in", ("pending", "claimed"))]
        )
        ((largest,),) = (
            self.env["epd.payment.document"]
            .sudo()
            ._read_group([("id", "in", waiting.subselect("document_id"))], [], ["pdf_size:max"])
        )
        return largest or 0

    # --- what goes --------------------------------------------------------------------------------

    def read_all(self, receipt):
        """Return the files as they travel: tuple of (name, bytes).

        :param receipt: name of the payer's receipt, which no other file takes
        :raise UserError: when a file is not what was added
        """
        if not self.files:
            return ()
        files = self.files.sorted("id")
        names = letter_files.name_files(receipt or "", files.mapped("name"))
        for file in files:
            if not file.raw or len(file.raw) != file.file_size:
                raise UserError(self.env._("The file “%s” of the mailing is missing.", file.name))
        return tuple((name, bytes(file.raw)) for name, file in zip(names, files, strict=True))

    def copy_to(self, other):
        """Give another mailing files of its own: what one deletes, the other keeps."""
        for file in self.files.sorted("id"):
            other.sudo().attachment_ids += file.copy({"res_id": other.id})
