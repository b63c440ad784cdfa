"""The register of consents tells the request for e-mail from the consent to data processing."""


def migrate(cr, version):
    """Consents recorded before were given on the form that joined both."""
    cr.execute("UPDATE epd_delivery_consent SET document = 'joint'")
