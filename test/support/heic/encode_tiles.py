"""Encodes the HEVC tiles that test/support/factories/heic.ts puts into HEIC files, and writes them to tiles.json.

The tiles are committed, so nobody needs the encoder to run the tests. To make them again:

    pip install pillow-heif==1.8.1 && python3 test/support/heic/encode_tiles.py
"""

import base64
import io
import json
import math
import pathlib

import pillow_heif
from PIL import Image

TILE = 512
# Upright; the sensor lies on its side, so the stored picture is turned.
SCENE = (756, 1008)


def scene(x, y):
    """A lake at dusk under two hills: smooth, so that it takes few bytes, and different in each corner."""
    width, height = SCENE
    u, v = x / width, y / height
    near = 0.62 + 0.10 * math.sin(3.1 * u + 0.4)
    far = 0.50 - 0.12 * math.exp(-(((u - 0.3) / 0.18) ** 2))
    sun = math.hypot(u - 0.68, (v - 0.34) * 1.33)
    if v > near:
        depth = (v - near) / (1 - near)
        return 20 + 50 * (1 - depth), 60 + 60 * (1 - depth) + 20 * u, 90 + 70 * (1 - depth)
    if v > far:
        return 50 + 60 * u, 80 - 30 * u, 60
    if sun < 0.07:
        return 255, 236, 190
    glow = math.exp(-4 * sun)
    return 90 + 160 * glow, 120 + 60 * glow - 30 * v, 200 - 110 * glow * v


def picture(size, colour_at):
    image = Image.new("RGB", size)
    image.putdata([tuple(map(round, colour_at(x, y))) for y in range(size[1]) for x in range(size[0])])
    return image


def box_content(data, name):
    at = data.index(name)
    return data[at + 4 : at - 4 + int.from_bytes(data[at - 4 : at], "big")]


def encode(image, quality=60, **options):
    buffer = io.BytesIO()
    heif = pillow_heif.from_pillow(image)
    heif.save(buffer, quality=quality, chroma=420, **options)
    data = buffer.getvalue()
    return {
        "width": image.width,
        "height": image.height,
        "config": base64.b64encode(box_content(data, b"hvcC")).decode(),
        "data": base64.b64encode(box_content(data, b"mdat")).decode(),
    }


def flat(colour):
    return encode(Image.new("RGB", (64, 64), colour), quality=90)


def deep(colour):
    """One colour in 10 bit, given in 16."""
    buffer = io.BytesIO()
    samples = b"".join(c.to_bytes(2, "little") for c in colour) * (64 * 64)
    pillow_heif.encode("RGB;16", (64, 64), samples, buffer, quality=90, chroma=420)
    data = buffer.getvalue()
    return {
        "width": 64,
        "height": 64,
        "config": base64.b64encode(box_content(data, b"hvcC")).decode(),
        "data": base64.b64encode(box_content(data, b"mdat")).decode(),
    }


def main():
    pillow_heif.options.SAVE_HDR_TO_12_BIT = False
    # Colours of CORNERS in test/support/factories/images.ts.
    tiles = {
        "topLeft": flat((220, 30, 30)),
        "topRight": flat((30, 200, 30)),
        "bottomLeft": flat((30, 30, 220)),
        "bottomRight": flat((240, 240, 240)),
        "half": flat((128, 128, 128)),
        "deepRed": deep((60000, 6000, 6000)),
        "gain": encode(Image.radial_gradient("L").resize((252, 189)).convert("RGB"), quality=40),
    }
    stored = picture(SCENE, scene).transpose(Image.Transpose.ROTATE_90)
    # Beyond the picture's edge a camera repeats the last pixels.
    whole = picture(
        (2 * TILE, 2 * TILE),
        lambda x, y: stored.getpixel((min(x, stored.width - 1), min(y, stored.height - 1))),
    )
    for row in range(2):
        for column in range(2):
            tile = whole.crop((column * TILE, row * TILE, (column + 1) * TILE, (row + 1) * TILE))
            tiles[f"scene{row}{column}"] = encode(tile, quality=45)
    path = pathlib.Path(__file__).with_name("tiles.json")
    path.write_text(json.dumps(tiles, indent=2) + "\n")


main()
