"""The servers that the other tests of this folder stand on."""


def test_prefork_with_cron(office):
    """Odoo runs as several processes, and a job asked for over RPC is done by the cron's."""
    assert (
        len(office.odoo.query("SELECT 1 FROM ir_cron WHERE cron_name LIKE 'Payment documents%'"))
        >= 2
    )
    assert office.odoo.login("operator").uid != office.odoo.login("admin").uid


def test_operator_logs_in(office, page):
    """The operator's first screen is in Russian."""
    page.goto(f"{office.odoo.url}/web/login")
    page.fill("input[name=login]", "operator")
    page.fill("input[name=password]", "operator")
    page.click(".oe_login_form button[type=submit]")
    page.wait_for_selector(".o_main_navbar")
    page.click(".o_navbar_apps_menu button")
    assert page.wait_for_selector(".o_app:has-text('Обсуждения')")
