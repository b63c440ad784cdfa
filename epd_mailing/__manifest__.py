{
    "name": "Payment Documents: Preparation and Mailing",
    "summary": "Receipts of housing managers: form, save, mail through UniSender, prove delivery",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "epd_mailing contributors",
    "website": "https://github.com/epd-mailing/epd_mailing",
    "license": "LGPL-3",
    "application": True,
    "depends": ["mail"],
    "external_dependencies": {
        "python": ["jinja2", "pdfkit", "requests", "python-stdnum", "zxing-cpp", "Pillow"],
    },
    "data": [
        "security/epd_mailing_groups.xml",
        "security/ir.model.access.csv",
        "security/epd_mailing_security.xml",
        "data/epd_period_rule_data.xml",
        "data/epd_account_list_data.xml",
        "data/ir_cron_data.xml",
    ],
    "demo": [],
}
