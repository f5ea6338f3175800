"""The sample `reviews`: rated review sentences of a source archive in, a table with stars out."""

from __future__ import annotations

import io
from bisect import bisect_left, bisect_right
from pathlib import Path
from zlib import crc32

from isodag.samples.archives import BadArchive, read_from_tar

COLUMNS = (
    "review_id", "sentence_id", "product", "star_rating", "later_star_rating", "review_body",
)  # fmt: skip

# (name and bytes of) the archive inside the source archive, and of the table inside that
_INNER = ("vaderSentiment-2.5/additional_resources/hutto_ICWSM_2014.tar.gz", 2_338_514)
_TABLE = ("hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt", 373_157)

# A mean rating below the first cut is 1 star, one on a cut belongs to the stars above it.
_CUTS = (-1.8, -0.6, 0.6, 1.8)

# One review in so many has its ratings in later_star_rating, told by the CRC-32 of its id.
_LATER = 20

# The last review of each product.  The table does not name products; it has them in the order of
# Hu & Liu (2004), and the reviews themselves say what they are about.
_LAST = (98, 142, 175, 215, 309)
_PRODUCTS = (
    "Apex AD2600 DVD player",
    "Canon PowerShot G3 camera",
    "Nikon Coolpix 4300 camera",
    "Nokia 6610 phone",
    "Creative Nomad Jukebox Zen Xtra player",
)

SOURCE = """\
Sample `reviews` of isodag: sentences of customer reviews with a star rating

reviews.tsv   3,708 sentences of 300 customer reviews of five products sold at Amazon.  UTF-8,
              tab-separated, no quoting, lines end in \\n, the first line names the columns:
  review_id    the review that the sentence is from; split by it, or a review leaks between splits
  sentence_id  review and place in it, as in the origin
  product      what is reviewed; told by us from the order and the text of the reviews
  star_rating  1 to 5, see below; empty for 13 reviews (185 sentences), to be predicted
  later_star_rating  their rating, to measure the predictions with; empty for the others
  review_body  the sentence, as in the origin (lower case, blanks around punctuation)

What the ratings mean.  They are NOT the stars that the customers gave.  About twenty people rated
each sentence by itself from -4 (extremely negative) to +4 (extremely positive); star_rating is
the mean of their ratings, cut at -1.8, -0.6, 0.6 and 1.8 (a mean on a cut goes up):
1: 346, 2: 819, 3: 842, 4: 749, 5: 952 sentences, those with a later rating among them.  Which
reviews have it later was chosen by us, by a hash of their id; all were rated at the same time.

Origin.  The source archive of the Python package vaderSentiment 2.5, sha256
b960c954831f5ca58afee61780cc04ed48e551b91e783bfcbfb2c18bb8081a84, file
additional_resources/hutto_ICWSM_2014.tar.gz, table amazonReviewSnippets_GroundTruth.txt.
  Ratings: C.J. Hutto and E. Gilbert, VADER: A Parsimonious Rule-based Model for Sentiment Analysis
  of Social Media Text, ICWSM 2014.
  Reviews: M. Hu and B. Liu, Mining and Summarizing Customer Reviews, KDD 2004.

Rights.  The package is under the MIT licence.  The reviews are their authors' texts, and the
packager cannot grant rights in them.  So isodag fetches them on the user's machine, for tests
and demonstrations, and does not distribute them.  Do the same: do not commit or publish them.
"""

FILES = {"reviews.tsv": 486_547, "_SOURCE.txt": len(SOURCE.encode())}  # bytes of each


def unpack(archive: Path, folder: Path) -> None:
    """Write FILES to `folder` from the source archive.

    Raises BadArchive, and OSError where the disk refuses.
    """
    with archive.open("rb") as opened:
        inner = read_from_tar(opened, *_INNER)
    table = read_from_tar(io.BytesIO(inner), *_TABLE)
    (folder / "reviews.tsv").write_bytes(stars_table(table))
    (folder / "_SOURCE.txt").write_text(SOURCE, "utf-8")


def stars_table(table: bytes) -> bytes:
    r"""The table with COLUMNS for a table of sentence id, mean rating -4..4 and text.

    table  UTF-8, tab-separated, no quoting, no header, lines end in \r\n
    Raises BadArchive with the line's number.
    """
    lines = ["\t".join(COLUMNS)]
    try:
        text = table.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadArchive(f"the table of reviews is not UTF-8: {error}") from None
    for number, line in enumerate(text.removesuffix("\r\n").split("\r\n"), start=1):
        try:
            sentence, rating, body = line.split("\t")
            review = int(sentence.partition("_")[0])
            product = _PRODUCTS[bisect_left(_LAST, review)]
            stars = 1 + bisect_right(_CUTS, float(rating))
        except (ValueError, IndexError):
            raise BadArchive(f"line {number} of the table of reviews cannot be read") from None
        ratings = f"\t{stars}" if crc32(str(review).encode()) % _LATER == 0 else f"{stars}\t"
        lines.append(f"{review}\t{sentence}\t{product}\t{ratings}\t{body}")
    return ("\n".join(lines) + "\n").encode("utf-8")
