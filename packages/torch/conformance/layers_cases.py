"""The layers and functions that layers.py runs: arguments by position, options by keyword, inputs."""


def real(*shape, seed=1):
    return {"$tensor": [list(shape), "real", seed]}


def positive(*shape, seed=2):
    return {"$tensor": [list(shape), "positive", seed]}


def ints(below, *shape, seed=3):
    return {"$tensor": [list(shape), f"int:{below}", seed]}


def bools(*shape, seed=4):
    """True for three elements in ten."""
    return {"$tensor": [list(shape), "bool", seed]}


def module(name, *args, x, **options):
    """`x` is the input, or several; the other keywords are the constructor's."""
    extra = {key: options.pop(key) for key in ("modes", "call", "dtype") if key in options}
    inputs = x if isinstance(x, list) else [x]
    return {"module": name, "args": list(args), "options": options, "inputs": inputs, **extra}


def function(name, *args, x, **options):
    inputs = x if isinstance(x, list) else [x]
    return {"function": name, "args": list(args), "options": options, "inputs": inputs}


IMAGE = real(2, 4, 6, 5)
LINE = real(2, 4, 9)
FLAT = real(5, 4)
LABELS = ints(4, 5)
EVAL = ["eval"]

CONVOLUTIONS = [
    module("Conv1d", 4, 6, 3, x=LINE),
    module("Conv1d", 4, 6, 3, stride=2, padding=2, dilation=2, groups=2, x=LINE),
    module("Conv1d", 4, 6, 4, padding="same", x=LINE),
    module("Conv1d", 4, 2, 3, padding=2, padding_mode="circular", bias=False, x=LINE),
    module("Conv2d", 4, 6, 3, x=IMAGE),
    module("Conv2d", 4, 6, 3, x=IMAGE, dtype="float64"),
    module("Conv2d", 4, 6, 3, stride=2, padding=1, groups=2, bias=False, x=IMAGE),
    module("Conv2d", 4, 4, [3, 2], stride=[2, 1], padding=[1, 0], dilation=[1, 2], groups=4, x=IMAGE),
    module("Conv2d", 4, 3, [4, 3], padding="same", dilation=[1, 2], x=IMAGE),
    module("Conv2d", 4, 3, 3, padding="valid", x=IMAGE),
    *[module("Conv2d", 4, 3, 3, padding=[2, 1], padding_mode=mode, x=IMAGE)
      for mode in ("reflect", "replicate", "circular")],
    module("Conv2d", 4, 3, [4, 3], padding="same", padding_mode="reflect", x=IMAGE),
    module("ConvTranspose1d", 4, 6, 3, stride=2, padding=1, output_padding=1, groups=2, x=LINE),
    module("ConvTranspose2d", 4, 6, 3, x=IMAGE),
    module("ConvTranspose2d", 4, 6, [3, 2], stride=[2, 3], padding=1, output_padding=[1, 2],
           dilation=[1, 2], groups=2, bias=False, x=IMAGE),
    module("ConvTranspose1d", 4, 6, 3, stride=3, padding=1, x=[LINE, [26]]),
    module("ConvTranspose1d", 4, 2, 3, stride=2, output_padding=1, x=[real(4, 9), [4, 19]]),
    module("ConvTranspose2d", 4, 6, 3, stride=2, padding=1, x=[IMAGE, [12, 9]]),
    module("ConvTranspose2d", 4, 6, [3, 2], stride=[2, 3], padding=1, dilation=[2, 1],
           x=[IMAGE, [2, 4, 14, 14]]),
    module("Linear", 4, 3, x=FLAT),
    module("Linear", 4, 3, bias=False, x=real(2, 3, 4)),
]

NORMS = [
    module("BatchNorm1d", 4, x=FLAT),
    module("BatchNorm1d", 4, x=LINE),
    module("BatchNorm2d", 4, x=IMAGE),
    module("BatchNorm2d", 4, x=IMAGE, dtype="float64"),
    module("BatchNorm2d", 4, eps=0.001, momentum=0.3, affine=False, x=IMAGE),
    module("BatchNorm2d", 4, track_running_stats=False, x=IMAGE),
    module("BatchNorm2d", 4, momentum=None, x=IMAGE, modes=["train", "train", "eval"]),
    module("GroupNorm", 2, 4, x=IMAGE),
    module("GroupNorm", 4, 4, eps=0.01, affine=False, x=IMAGE),
    module("LayerNorm", 5, x=IMAGE),
    module("LayerNorm", [6, 5], eps=0.01, x=IMAGE),
    module("LayerNorm", [4], elementwise_affine=False, x=FLAT),
    module("InstanceNorm1d", 4, x=LINE),
    module("InstanceNorm2d", 4, x=IMAGE),
    module("InstanceNorm2d", 4, affine=True, track_running_stats=True, momentum=0.2, x=IMAGE),
    module("InstanceNorm2d", 4, x=real(4, 6, 5)),
]

ACTIVATIONS = [
    *[module(name, x=FLAT) for name in (
        "ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "SELU", "CELU", "Hardtanh", "SiLU", "GELU",
        "Mish", "Hardswish", "Hardsigmoid", "Sigmoid", "Tanh", "Softplus", "Softsign", "LogSigmoid",
        "Tanhshrink", "Softshrink", "Hardshrink", "GLU")],
    *[module(name, inplace=True, x=FLAT) for name in (
        "ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid")],
    *[module(name, 0.7, inplace=True, x=FLAT) for name in ("LeakyReLU", "ELU", "CELU")],
    module("Hardtanh", -0.3, 0.6, inplace=True, x=FLAT),
    module("LeakyReLU", 0.2, x=FLAT),
    module("PReLU", 4, 0.1, x=IMAGE),
    module("RReLU", x=FLAT, modes=EVAL),
    module("RReLU", 0.1, 0.5, inplace=True, x=FLAT, modes=EVAL),
    module("ELU", 0.5, x=FLAT),
    module("CELU", 0.5, x=FLAT),
    module("Threshold", 0.1, 20, x=FLAT),
    module("Hardtanh", -0.5, 0.25, x=FLAT),
    module("GELU", "tanh", x=FLAT),
    module("Softplus", 2, 1, x=FLAT),
    module("Softshrink", 0.25, x=FLAT),
    module("Hardshrink", 0.25, x=FLAT),
    module("Softmax", 1, x=IMAGE),
    module("Softmax", -1, x=IMAGE, dtype="float64"),
    module("Softmin", -1, x=IMAGE),
    module("LogSoftmax", -1, x=IMAGE),
    module("Softmax2d", x=IMAGE),
    module("GLU", 1, x=IMAGE),
]

POOLINGS = [
    module("MaxPool1d", 3, x=LINE),
    module("MaxPool1d", 3, stride=2, padding=1, dilation=2, ceil_mode=True, x=LINE),
    module("MaxPool2d", 2, x=IMAGE),
    module("MaxPool2d", 3, stride=2, padding=1, x=IMAGE),
    module("MaxPool2d", [3, 2], stride=[2, 1], dilation=[1, 2], ceil_mode=True, x=IMAGE),
    module("MaxPool1d", 3, stride=2, return_indices=True, x=LINE),
    module("MaxPool2d", [3, 2], padding=1, return_indices=True, x=IMAGE),
    module("AvgPool1d", 3, x=LINE),
    module("AvgPool1d", 2, stride=3, padding=1, ceil_mode=True, count_include_pad=False, x=LINE),
    module("AvgPool2d", 2, x=IMAGE),
    module("AvgPool2d", 2, ceil_mode=True, x=IMAGE),
    module("AvgPool2d", 3, stride=[2, 1], padding=1, count_include_pad=False, x=IMAGE),
    module("AvgPool2d", 3, stride=2, divisor_override=5, x=IMAGE),
    module("AdaptiveAvgPool1d", 4, x=LINE),
    module("AdaptiveAvgPool2d", 1, x=IMAGE),
    module("AdaptiveAvgPool2d", [3, None], x=IMAGE),
    module("AdaptiveMaxPool1d", 4, x=LINE),
    module("AdaptiveMaxPool2d", [3, 4], x=IMAGE),
    module("AdaptiveMaxPool1d", 4, return_indices=True, x=LINE),
    module("AdaptiveMaxPool2d", [None, 4], return_indices=True, x=IMAGE),
    module("LPPool1d", 2, 3, x=LINE),
    module("LPPool1d", 3, 3, stride=2, ceil_mode=True, x=positive(2, 4, 9)),
    module("LPPool2d", 2, 3, stride=2, x=IMAGE),
    module("LPPool2d", 1, [3, 2], x=positive(2, 4, 6, 5)),
]

SHAPES = [
    module("Identity", x=FLAT),
    module("Flatten", x=IMAGE),
    module("Flatten", 0, 1, x=IMAGE),
    module("Unflatten", 1, [2, -1], x=IMAGE),
    module("PixelShuffle", 2, x=IMAGE),
    module("PixelUnshuffle", 2, x=real(2, 3, 4, 6)),
    module("ConstantPad1d", 2, 3.5, x=LINE),
    module("ConstantPad2d", [1, 2, 0, -1], 3.5, x=IMAGE),
    module("ZeroPad2d", [1, 2, 0, -1], x=IMAGE),
    module("ReflectionPad1d", [3, 1], x=LINE),
    module("ReflectionPad2d", [3, 1, 0, 2], x=IMAGE),
    module("ReplicationPad1d", 3, x=LINE),
    module("ReplicationPad2d", [3, 1, 0, 2], x=IMAGE),
    module("Upsample", size=[5, 9], x=IMAGE),
    module("Upsample", scale_factor=2, x=LINE),
    module("Upsample", scale_factor=1.7, mode="nearest-exact", x=IMAGE),
    module("Upsample", scale_factor=2, mode="linear", x=LINE),
    module("Upsample", scale_factor=[2, 1.5], mode="bilinear", x=IMAGE),
    module("Upsample", size=[5, 9], mode="bilinear", align_corners=True, x=IMAGE),
    module("Upsample", size=10, mode="bicubic", align_corners=False, x=IMAGE),
    module("Upsample", scale_factor=2.3, mode="bicubic", align_corners=True, x=IMAGE),
]

DROPOUTS = [
    *[module(name, 0.3, x=IMAGE, modes=EVAL)
      for name in ("Dropout", "Dropout2d", "AlphaDropout", "FeatureAlphaDropout")],
    module("Dropout", 0.3, inplace=True, x=FLAT, modes=EVAL),
    module("Dropout1d", x=LINE, modes=EVAL),
    *[module(name, 0.0, x=LINE) for name in ("Dropout", "Dropout1d", "AlphaDropout")],
]

SEQUENCE = [real(5, 2, 8), real(6, 2, 8, seed=5), real(6, 2, 8, seed=6)]

ATTENTION = [
    module("Embedding", 10, 4, x=ints(10, 3, 5)),
    module("Embedding", 10, 4, padding_idx=-8, scale_grad_by_freq=True, x=ints(10, 3, 5)),
    module("Embedding", 10, 4, max_norm=0.5, norm_type=1.0, x=ints(10, 3, 5)),
    module("MultiheadAttention", 8, 2, x=SEQUENCE),
    module("MultiheadAttention", 8, 2, bias=False, x=SEQUENCE, call={"need_weights": False}),
    module("MultiheadAttention", 8, 2, batch_first=True, call={"average_attn_weights": False},
           x=[real(2, 5, 8), real(2, 6, 8, seed=5), real(2, 6, 8, seed=6)]),
    module("MultiheadAttention", 8, 2, kdim=3, vdim=5,
           x=[real(5, 2, 8), real(6, 2, 3, seed=5), real(6, 2, 5, seed=6)],
           call={"key_padding_mask": bools(2, 6)}),
    module("MultiheadAttention", 8, 4, x=[real(5, 8), real(6, 8, seed=5), real(6, 8, seed=6)],
           call={"attn_mask": real(5, 6, seed=7)}),
    module("MultiheadAttention", 8, 2, x=SEQUENCE,
           call={"attn_mask": bools(4, 5, 6), "key_padding_mask": bools(2, 6, seed=8)}),
    module("MultiheadAttention", 8, 2, add_bias_kv=True, x=SEQUENCE),
    module("MultiheadAttention", 8, 2, add_zero_attn=True, x=SEQUENCE,
           call={"attn_mask": real(5, 6, seed=7)}),
    module("MultiheadAttention", 8, 2, add_bias_kv=True, add_zero_attn=True, kdim=3, vdim=5,
           x=[real(5, 2, 8), real(6, 2, 3, seed=5), real(6, 2, 5, seed=6)],
           call={"attn_mask": bools(4, 5, 6), "key_padding_mask": bools(2, 6, seed=8)}),
    module("MultiheadAttention", 8, 2, add_bias_kv=True, add_zero_attn=True, batch_first=True,
           x=[real(2, 5, 8), real(2, 6, 8, seed=5), real(2, 6, 8, seed=6)],
           call={"need_weights": False, "attn_mask": bools(5, 6)}),
]

LOSSES = [
    module("CrossEntropyLoss", x=[FLAT, LABELS]),
    module("CrossEntropyLoss", label_smoothing=0.1, ignore_index=2, weight=positive(4), x=[FLAT, LABELS]),
    module("CrossEntropyLoss", x=[FLAT, positive(5, 4)]),
    module("CrossEntropyLoss", reduction="none", x=[IMAGE, ints(4, 2, 6, 5)]),
    module("NLLLoss", x=[FLAT, LABELS]),
    module("NLLLoss", weight=positive(4), ignore_index=1, reduction="sum", x=[IMAGE, ints(4, 2, 6, 5)]),
    module("BCELoss", x=[positive(5, 4), positive(5, 4, seed=9)]),
    module("BCELoss", weight=positive(4), reduction="sum", x=[positive(5, 4), positive(5, 4, seed=9)]),
    module("BCEWithLogitsLoss", x=[FLAT, positive(5, 4)]),
    module("BCEWithLogitsLoss", weight=positive(5, 1), pos_weight=positive(4, seed=9),
           reduction="none", x=[FLAT, positive(5, 4)]),
    module("MSELoss", x=[FLAT, real(5, 4, seed=9)]),
    module("MSELoss", reduction="sum", x=[FLAT, real(5, 4, seed=9)]),
    module("L1Loss", x=[FLAT, real(5, 4, seed=9)]),
    module("L1Loss", reduction="none", x=[FLAT, real(5, 4, seed=9)]),
    module("HuberLoss", x=[FLAT, real(5, 4, seed=9)]),
    module("HuberLoss", delta=0.3, reduction="sum", x=[FLAT, real(5, 4, seed=9)]),
    module("SmoothL1Loss", x=[FLAT, real(5, 4, seed=9)]),
    module("SmoothL1Loss", beta=0.3, reduction="none", x=[FLAT, real(5, 4, seed=9)]),
    module("SmoothL1Loss", beta=0, x=[FLAT, real(5, 4, seed=9)]),
    module("KLDivLoss", x=[FLAT, positive(5, 4)]),
    module("KLDivLoss", reduction="batchmean", x=[FLAT, positive(5, 4)]),
    module("KLDivLoss", reduction="sum", log_target=True, x=[FLAT, real(5, 4, seed=9)]),
]

MODULES = [
    *CONVOLUTIONS, *NORMS, *ACTIVATIONS, *POOLINGS, *SHAPES, *DROPOUTS, *ATTENTION, *LOSSES,
]

HEADS = [real(2, 3, 5, 4), real(2, 3, 6, 4, seed=5), real(2, 3, 6, 7, seed=6)]

FUNCTIONS = [
    function("normalize", x=IMAGE),
    function("normalize", p=1, dim=-1, eps=5, x=IMAGE),
    function("batch_norm", None, None, training=True, weight=positive(4), eps=0.1, x=IMAGE),
    function("instance_norm", None, None, bias=real(4), x=IMAGE),
    function("interpolate", size=[3, 4], mode="area", x=IMAGE),
    function("interpolate", scale_factor=1.7, mode="bilinear", recompute_scale_factor=True, x=IMAGE),
    function("pad", [1, 2], "circular", x=LINE),
    function("pad", [1, -2, 3, 1], x=IMAGE),
    function("softmin", 1, x=FLAT),
    function("logsigmoid", x=FLAT),
    function("relu6", x=FLAT),
    function("bilinear", x=[FLAT, real(5, 3, seed=5), real(2, 4, 3, seed=6)]),
    function("cosine_similarity", x=[FLAT, real(5, 4, seed=5)]),
    function("pairwise_distance", x=[FLAT, real(5, 4, seed=5)]),
    function("one_hot", 6, x=LABELS),
    function("scaled_dot_product_attention", x=HEADS),
    function("scaled_dot_product_attention", is_causal=True, scale=0.7, x=HEADS),
    function("scaled_dot_product_attention", attn_mask=bools(2, 1, 5, 6, seed=11), x=HEADS),
    function("scaled_dot_product_attention", attn_mask=real(5, 6, seed=8), x=HEADS),
    function("reverse_huber_loss", x=[FLAT, real(5, 4, seed=9)]),
    function("reverse_huber_loss", reduction="none", threshold=0.5, x=[FLAT, real(5, 4, seed=9)]),
    function("reverse_huber_loss", reduction="sum", x=[FLAT, real(5, 4, seed=9)]),
]
