"""Draws a Vega-Lite chart: its JSON comes on stdin, the SVG goes to the file that is named."""

import sys
from pathlib import Path

import vl_convert

Path(sys.argv[1]).write_text(vl_convert.vegalite_to_svg(sys.stdin.read()) + "\n", encoding="utf-8")
