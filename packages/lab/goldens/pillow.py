# Writes pillow.json beside this file: what Pillow makes of two small images, for the tests of
# packages/lab/src/data/augment. Run it with any Python that has Pillow 9.4 or later.
import base64
import json
from pathlib import Path

import PIL
from PIL import Image, ImageEnhance, ImageOps

HEIGHT, WIDTH = 13, 17
FILL = (128, 120, 7)
BILINEAR, BICUBIC, NEAREST = Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.NEAREST


def image():
    """Smooth in places and rough in others, with both ends of the range and few colours missing."""
    out = Image.new("RGB", (WIDTH, HEIGHT))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            red = (x * 15 + y * 3) % 256
            green = (x * x * 7 + y * 31) % 251
            blue = 255 if (x + y) % 5 == 0 else (y * 19) % 200
            out.putpixel((x, y), (red, green, blue))
    return out


def encoded(picture):
    return base64.b64encode(picture.convert("RGB").tobytes()).decode()


def affine(matrix, resample):
    return lambda i: i.transform(i.size, Image.Transform.AFFINE, matrix, resample=resample, fillcolor=FILL)


def solarize_add(picture, add):
    return picture.point([min(255, v + add) if v < 128 else v for v in range(256)] * 3)


def turned(picture, turn):
    h, s, v = picture.convert("HSV").split()
    shift = int(turn * 255)
    return Image.merge("HSV", (h.point([(x + shift) % 256 for x in range(256)]), s, v)).convert("RGB")


def cases():
    enhancers = {"brightness": ImageEnhance.Brightness, "contrast": ImageEnhance.Contrast,
                 "saturation": ImageEnhance.Color, "sharpness": ImageEnhance.Sharpness}
    for name, enhancer in enhancers.items():
        for factor in (0.1, 0.55, 1.0, 1.37, 1.9):
            yield name, [factor], lambda i, e=enhancer, f=factor: e(i).enhance(f)
    yield "autoContrast", [], ImageOps.autocontrast
    yield "equalize", [], ImageOps.equalize
    yield "invert", [], ImageOps.invert
    for bits in (1, 2, 4):
        yield "posterize", [bits], lambda i, b=bits: ImageOps.posterize(i, b)
    for threshold in (0, 100, 256):
        yield "solarize", [threshold], lambda i, t=threshold: ImageOps.solarize(i, t)
    yield "solarizeAdd", [55], lambda i: solarize_add(i, 55)
    for turn in (-0.5, -0.1, 0.05, 0.4):
        yield "hue", [turn], lambda i, t=turn: turned(i, t)
    for label, resample in (("bilinear", BILINEAR), ("bicubic", BICUBIC), ("nearest", NEAREST)):
        yield "shearX", [0.21, label], affine((1, 0.21, 0, 0, 1, 0), resample)
        yield "shearY", [-0.3, label], affine((1, 0, 0, -0.3, 1, 0), resample)
        yield "translateX", [2.4, label], affine((1, 0, 2.4, 0, 1, 0), resample)
        yield "translateY", [-3.7, label], affine((1, 0, 0, 0, 1, -3.7), resample)
        # For NEAREST Pillow rounds the matrix to 16 bits, which shows where two pixels meet: one angle.
        for angle in (7.5,) if resample == NEAREST else (-30, 7.5):
            yield "rotate", [angle, label], lambda i, a=angle, r=resample: i.rotate(a, resample=r, fillcolor=FILL)
    for label, resample in (("bilinear", BILINEAR), ("bicubic", BICUBIC)):
        for box in ((0, 0, 17, 13), (3, 2, 14, 12), (5, 5, 6, 6)):
            for size in ((8, 8), (17, 13), (32, 20)):
                yield "resizeBox", [list(box), list(size), label], (
                    lambda i, b=box, s=size, r=resample: i.crop(b).resize(s, r))


source = image()
result = {
    "made_by": f"packages/lab/goldens/pillow.py, Pillow {PIL.__version__}",
    "height": HEIGHT, "width": WIDTH, "fill": FILL, "image": encoded(source),
    "cases": [{"op": op, "args": args, "pixels": encoded(make(source))} for op, args, make in cases()],
}
Path(__file__).with_name("pillow.json").write_text(json.dumps(result, indent=1) + "\n")
