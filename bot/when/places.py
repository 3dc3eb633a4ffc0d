"""Data: cities and regions people name that the IANA list does not, and zone abbreviations."""

from datetime import timedelta
from typing import NamedTuple


class Abbreviation(NamedTuple):
    """The offset from UTC the letters stand for (None: either of the year's two), and whose they are."""

    hours: float | None
    zones: tuple[str, ...]

    @property
    def offset(self) -> timedelta | None:
        return None if self.hours is None else timedelta(hours=self.hours)


def _abbreviations(table: str) -> dict[str, tuple[Abbreviation, ...]]:
    found: dict[str, tuple[Abbreviation, ...]] = {}
    for line in table.split("\n"):
        if line.strip():
            name, hours, *zones = line.split()
            meaning = Abbreviation(None if hours == "-" else float(hours), tuple(zones))
            found[name] = (*found.get(name, ()), meaning)
    return found


# Letters used by several places appear once for each of them: those are asked about, except
# from a person whose own zone goes by them.
ABBREVIATIONS = _abbreviations("""
    utc   0    UTC
    gmt   0    UTC
    wet   0    Europe/Lisbon
    bst   1    Europe/London
    bst   6    Asia/Dhaka
    ist   5.5  Asia/Kolkata
    ist   1    Europe/Dublin
    ist   2    Asia/Jerusalem
    cet   1    Europe/Berlin
    cest  2    Europe/Berlin
    eet   2    Europe/Helsinki Africa/Cairo
    eest  3    Europe/Helsinki Africa/Cairo
    msk   3    Europe/Moscow
    trt   3    Europe/Istanbul
    et    -    America/New_York
    est   -5   America/New_York America/Panama
    edt   -4   America/New_York
    ct    -    America/Chicago
    cst   -6   America/Chicago
    cst   8    Asia/Shanghai
    cdt   -5   America/Chicago
    mt    -    America/Denver
    mst   -7   America/Denver America/Phoenix
    mdt   -6   America/Denver
    pt    -    America/Los_Angeles
    pst   -8   America/Los_Angeles
    pdt   -7   America/Los_Angeles
    akst  -9   America/Anchorage
    akdt  -8   America/Anchorage
    hst   -10  Pacific/Honolulu
    ast   -4   America/Halifax America/Puerto_Rico
    ast   3    Asia/Riyadh
    adt   -3   America/Halifax
    nst   -3.5 America/St_Johns
    ndt   -2.5 America/St_Johns
    brt   -3   America/Sao_Paulo
    wat   1    Africa/Lagos
    cat   2    Africa/Maputo
    sast  2    Africa/Johannesburg
    eat   3    Africa/Nairobi
    gst   4    Asia/Dubai
    pkt   5    Asia/Karachi
    npt   5.75 Asia/Kathmandu
    ict   7    Asia/Bangkok
    wib   7    Asia/Jakarta
    sgt   8    Asia/Singapore
    hkt   8    Asia/Hong_Kong
    pht   8    Asia/Manila
    awst  8    Australia/Perth
    jst   9    Asia/Tokyo
    kst   9    Asia/Seoul
    acst  9.5  Australia/Adelaide Australia/Darwin
    acdt  10.5 Australia/Adelaide
    aest  10   Australia/Sydney Australia/Brisbane
    aedt  11   Australia/Sydney
    nzst  12   Pacific/Auckland
    nzdt  13   Pacific/Auckland
""")

_PLACES = """
Africa/Cairo: egypt
Africa/Casablanca: morocco, rabat, marrakesh
Africa/Johannesburg: cape town, durban, pretoria, south africa
Africa/Lagos: abuja, nigeria
Africa/Nairobi: kenya, mombasa
America/Argentina/Buenos_Aires: argentina
America/Bogota: colombia, medellin
America/Chicago: austin, dallas, houston, san antonio, minneapolis, new orleans, st louis, nashville, us central
America/Denver: salt lake city, boulder, us mountain
America/Edmonton: calgary
America/Lima: peru
America/Los_Angeles: san francisco, sf, la, seattle, san diego, las vegas, oakland, palo alto, us pacific, pacific
America/Mexico_City: guadalajara
America/New_York: nyc, boston, miami, atlanta, philadelphia, pittsburgh, washington dc, us eastern, orlando
America/Phoenix: tucson, arizona
America/Sao_Paulo: rio, rio de janeiro, brasilia, belo horizonte
America/Toronto: ottawa, montreal, quebec
Asia/Dubai: abu dhabi
Asia/Ho_Chi_Minh: saigon, hanoi, vietnam
Asia/Jerusalem: tel aviv, haifa, israel
Asia/Karachi: lahore, islamabad, pakistan
Asia/Kolkata: mumbai, bombay, delhi, new delhi, bangalore, bengaluru, chennai, hyderabad, pune, calcutta, india
Asia/Manila: philippines, quezon city
Asia/Seoul: busan, korea, south korea
Asia/Shanghai: beijing, shenzhen, guangzhou, hangzhou
Asia/Tokyo: osaka, kyoto, yokohama, japan
Australia/Sydney: canberra
Europe/Amsterdam: rotterdam, the hague, utrecht, eindhoven, netherlands, holland
Europe/Berlin: munich, frankfurt, hamburg, cologne, stuttgart, dusseldorf, leipzig, dresden, germany
Europe/Brussels: antwerp, ghent, belgium
Europe/Copenhagen: aarhus, denmark
Europe/Dublin: cork, galway, ireland
Europe/Helsinki: tampere, espoo, finland
Europe/Istanbul: ankara, izmir, turkey
Europe/Kyiv: lviv, odesa, ukraine
Europe/London: manchester, edinburgh, glasgow, bristol, leeds, liverpool, cardiff, belfast, oxford, uk, britain
Europe/Madrid: barcelona, valencia, seville, bilbao
Europe/Moscow: st petersburg, saint petersburg
Europe/Oslo: bergen, norway
Europe/Paris: lyon, marseille, toulouse, bordeaux, lille, nantes, france
Europe/Prague: brno, czechia
Europe/Rome: milan, turin, naples, florence, bologna, italy
Europe/Stockholm: gothenburg, malmo, sweden
Europe/Vienna: graz, salzburg, austria
Europe/Warsaw: krakow, wroclaw, gdansk, poland
Europe/Zurich: geneva, basel, bern, lausanne, switzerland
Pacific/Auckland: wellington, christchurch
Pacific/Honolulu: hawaii
"""
PLACES = {
    place: zone
    for line in _PLACES.strip().split("\n")
    for zone, _, places in [line.partition(": ")]
    for place in places.split(", ")
}

# One name, several places in different zones: asked about.
SHARED_PLACES = {
    "birmingham": ("Europe/London", "America/Chicago"),
    "cambridge": ("Europe/London", "America/New_York"),
    "georgia": ("America/New_York", "Asia/Tbilisi"),
    "portland": ("America/Los_Angeles", "America/New_York"),
    "san jose": ("America/Los_Angeles", "America/Costa_Rica"),
    "washington": ("America/New_York", "America/Los_Angeles"),
}
# The same, but a person in one of them means their own.
REGIONS = {
    "central": ("America/Chicago", "Europe/Berlin", "Australia/Adelaide"),
    "eastern": ("America/New_York", "Australia/Sydney"),
    "mountain": ("America/Denver", "America/Phoenix"),
}
