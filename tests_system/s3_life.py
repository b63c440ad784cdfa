"""A month of receipts whose files lie on an S3: run in Odoo's shell by ``test_s3_store``, prints JSON.

The store is OCA's ``fs_attachment``, installed here as an office would (https://github.com/OCA/storage/tree/19.0,
seen 2026-11-26).
"""

import hashlib
import io
import json
import urllib.request
import zipfile

import odoo
import s3fs
from odoo.exceptions import UserError

from bench.house import make_accounts
from bench.service import connect, make_mailing, sandbox

BUCKET = "receipts"


def install(env):
    """Install ``fs_attachment`` and return an environment that knows it."""
    modules = env["ir.module.module"]
    modules.update_list()
    modules.search([("name", "=", "fs_attachment")]).button_immediate_install()
    return odoo.api.Environment(env.cr, env.uid, {})


def use_s3(env, url):
    """Have new files kept in a bucket at ``url``; return its file system."""
    options = {
        "endpoint_url": url,
        "key": "key",
        "secret": "secret",
        "client_kwargs": {"region_name": "eu-central-1"},
    }
    files = s3fs.S3FileSystem(**options, use_listings_cache=False)
    files.mkdir(BUCKET)
    env["fs.storage"].create(
        {
            "name": "S3 of this machine",
            "code": "s3",
            "protocol": "s3",
            "options": json.dumps(options),
            "directory_path": BUCKET,
            "use_as_default_for_attachments": True,
        }
    )
    env.cr.commit()
    return files


def find_files(documents):
    """Return the saved files of documents as ``ir.attachment``."""
    return documents.env["ir.attachment"].search(
        [
            ("res_model", "=", documents._name),
            ("res_field", "=", "pdf_file"),
            ("res_id", "in", documents.ids),
        ]
    )


def hold(env, action):
    """Tell whether an action on a frozen file is refused."""
    try:
        with env.cr.savepoint():
            action()
    except UserError:
        return True
    return False


def zip_files(documents):
    """Return the files of the office's archive of documents."""
    target = io.BytesIO()
    documents.env["epd.document.zip"].create({"document_ids": documents.ids})._write_zip(target)
    with zipfile.ZipFile(target) as packed:
        return [packed.read(name) for name in packed.namelist()]


def mail(env, documents):
    """Mail each document to its payer; return ``[(address, hash of the file)]`` as they arrived."""
    with sandbox("--no-limits") as url:
        mailing = make_mailing(env, connect(env, url), documents)
        mailing.action_send()
        env.cr.commit()
        cron = env.ref("epd_mailing.ir_cron_send")
        for _pass in range(20):
            if mailing.state == "done":
                break
            cron.method_direct_trigger()
            env.cr.commit()
            env.invalidate_all()
        with urllib.request.urlopen(f"{url}/sandbox/letters") as answer:
            letters = json.load(answer)
    return [
        (letter["email"], file["sha256"]) for letter in letters for file in letter["attachments"]
    ]


def purge(env, documents):
    """Take the files past their time of keeping away, those of other documents stay."""
    # the links of letters that went today keep their files
    env.cr.execute(
        "UPDATE epd_mailing_letter SET sending_at = sending_at - interval '10 years'"
        " WHERE document_id = ANY(%s)",
        (documents.ids,),
    )
    env.invalidate_all()
    removed = documents._purge_files(documents.company_id, "2100-01-01")
    env.cr.commit()
    env["fs.file.gc"]._gc_files_unsafe()
    env.cr.commit()
    env.invalidate_all()
    return removed


def live(env, url, count):
    """Save, read, guard, zip, mail, purge and render anew; print what came of each."""
    env = install(env)
    files = use_s3(env, url)
    accounts, period = make_accounts(env, count)
    outcome = env["epd.payment.document"]._form_documents(accounts, period, "epd")
    documents = env["epd.payment.document"].concat(*[outcome[a.id][0] for a in accounts])
    env.cr.commit()
    env.invalidate_all()
    stored = find_files(documents)
    pdfs = [document._read_pdf() for document in documents]
    owners = [
        (document.partner_id.email, hashlib.sha256(pdf).hexdigest())
        for document, pdf in zip(documents, pdfs, strict=True)
    ]
    said = {
        "places": sorted({name.partition("://")[0] for name in stored.mapped("store_fname")}),
        "in_bucket": sorted(hashlib.sha256(files.cat(f)).hexdigest() for f in files.find(BUCKET)),
        "owners": owners,
        "hashes": documents.mapped("pdf_sha256"),
        "held": [
            hold(env, lambda: stored[0].write({"raw": b"other"})),
            hold(env, lambda: stored[0].unlink()),
        ],
        "zipped": [hashlib.sha256(file).hexdigest() for file in zip_files(documents)],
        "mailed": mail(env, documents),
        "purged": purge(env, documents),
    }
    said["left_in_bucket"] = [
        name
        for name in files.find(BUCKET)
        if hashlib.sha256(files.cat(name)).hexdigest() in said["hashes"]
    ]
    said["rebuilt"] = [
        document._read_or_rebuild_pdf()[:5].decode() for document in documents if document.is_purged
    ]
    print("SAID " + json.dumps(said))
