from . import test_gis_placement
