"""torch.nn.functional, and the operators behind it that torch shows.

Those take the reduction as a number (none, mean, sum): always given here, since the default of
Python's parser is 0 where the schema says mean.
"""
from operators_spec import constant, each, ints, listed, op, positive, within, x

FLAT = x(5, 4)
LINE = x(2, 4, 9)
IMAGE = x(2, 4, 6, 5)
VOLUME = x(1, 2, 4, 4, 4)
LABELS = ints(0, 4, 5)
SIGNS = listed(1, -1, 1, 1, -1, dtype="int64")
WIDE = within(-4, 4, 3, 4)
TARGET = x(5, 4, seed=9)


def f(name, *args, **options):
    return op(f"nn.functional.{name}", *args, **options)


ACTIVATIONS = [
    *[f(name, WIDE) for name in (
        "celu", "elu", "gelu", "glu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh",
        "leaky_relu", "logsigmoid", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "softplus",
        "softshrink", "softsign", "tanh", "tanhshrink")],
    f("celu", WIDE, 0.5),
    f("elu", WIDE, 0.5),
    f("gelu", WIDE, approximate="tanh"),
    f("glu", WIDE, 1),
    f("hardshrink", WIDE, 0.25),
    f("hardtanh", WIDE, -0.5, 0.75),
    f("leaky_relu", WIDE, 0.25),
    f("softplus", WIDE, 2, 1),
    f("softshrink", WIDE, 0.25),
    f("threshold", WIDE, 0.25, 5),
    f("prelu", IMAGE, positive(4)),
    f("rrelu", WIDE, 0.25, 0.25),
    f("softmax", FLAT, 1),
    f("softmin", FLAT, 1),
    f("log_softmax", FLAT, 1),
    *each("celu elu hardshrink leaky_relu softplus softshrink hardtanh gelu", WIDE),
    op("glu", x(2, 6), 1),
    op("prelu", FLAT, positive(4)),
]

CONVOLUTIONS = [
    f("conv1d", LINE, x(6, 4, 3, seed=2), x(6)),
    f("conv1d", LINE, x(6, 2, 3, seed=2), None, 2, 1, 2, 2),
    f("conv1d", LINE, x(6, 4, 3, seed=2), None, 1, "same"),
    f("conv2d", IMAGE, x(3, 4, 3, 3, seed=2), x(3)),
    f("conv2d", IMAGE, x(4, 1, 3, 2, seed=2), None, [2, 1], [1, 0], [1, 2], 4),
    op("conv3d", VOLUME, x(3, 2, 2, 2, 2, seed=2), x(3), 2),
    f("conv_transpose1d", LINE, x(4, 3, 3, seed=2), x(6), 2, 1, 1, 2),
    f("conv_transpose2d", x(1, 4, 3, 3), x(4, 3, 3, 2, seed=2), x(3), 2),
    op("conv_transpose3d", x(1, 2, 2, 2, 2), x(2, 3, 2, 2, 2, seed=2)),
    op("conv_tbc", x(6, 2, 3), x(3, 3, 4, seed=2), x(4), 1, _views=False),
    op("convolution", LINE, x(6, 4, 3, seed=2), x(6), [1], [1], [1], False, [0], 1),
    f("linear", FLAT, x(3, 4, seed=2), x(3)),
    f("linear", LINE, x(3, 9, seed=2)),
    f("bilinear", FLAT, x(5, 3, seed=2), x(2, 4, 3, seed=5)),
    op("im2col", x(1, 2, 4, 4), [2, 2], [1, 1], [1, 0], [2, 1]),
    op("col2im", x(1, 8, 6), [3, 4], [2, 2], [1, 1], [0, 0], [1, 1]),
]

POOLINGS = [
    f("avg_pool1d", LINE, 3),
    f("avg_pool2d", IMAGE, 2),
    f("avg_pool2d", IMAGE, 3, [2, 1], 1, True, False),
    op("avg_pool3d", VOLUME, 2),
    f("max_pool1d", LINE, 3, 2, 1),
    f("max_pool2d", IMAGE, 2),
    f("max_pool2d", IMAGE, [3, 2], [2, 1], 1, 1, True),
    op("max_pool3d", VOLUME, 2),
    op("max_pool1d_with_indices", LINE, 3),
    op("max_pool2d_with_indices", IMAGE, 2),
    op("max_pool3d_with_indices", VOLUME, 2),
    op("max_unpool2d", x(1, 1, 2, 2), listed(0, 3, 9, 14, dtype="int64", shape=[1, 1, 2, 2]), [4, 4],
       _views=False),
    op("fractional_max_pool2d", IMAGE, 2, [3, 3], constant(positive(2, 4, 2)), _views=False),
    f("adaptive_avg_pool1d", LINE, 4),
    f("adaptive_avg_pool2d", IMAGE, [3, 2]),
    op("adaptive_avg_pool3d", VOLUME, 3),
    f("adaptive_max_pool1d", LINE, 4),
    f("adaptive_max_pool2d", IMAGE, [3, 4]),
    op("adaptive_max_pool1d", LINE, 4),
    op("adaptive_max_pool2d", IMAGE, [3, 4]),
    op("adaptive_max_pool3d", VOLUME, 3),
    f("lp_pool1d", positive(2, 4, 9), 3, 2),
    f("lp_pool2d", positive(2, 4, 6, 5), 2, 2, stride=1),
]

RESIZED = [
    f("interpolate", IMAGE, scale_factor=2),
    f("interpolate", LINE, size=5, mode="nearest-exact"),
    f("interpolate", LINE, scale_factor=2, mode="linear"),
    f("interpolate", IMAGE, size=[4, 7], mode="bilinear"),
    f("interpolate", IMAGE, size=[4, 7], mode="bilinear", align_corners=True),
    f("interpolate", IMAGE, size=[4, 7], mode="bicubic"),
    f("interpolate", IMAGE, size=[3, 4], mode="area"),
    op("upsample_nearest1d", LINE, 5),
    op("upsample_nearest2d", IMAGE, [4, 7]),
    op("upsample_nearest3d", VOLUME, [3, 5, 6]),
    op("upsample_linear1d", LINE, 5, True),
    op("upsample_bilinear2d", IMAGE, [4, 7], False),
    op("upsample_bicubic2d", IMAGE, [4, 7], True),
    op("upsample_trilinear3d", VOLUME, [3, 5, 6], False),
    op("affine_grid_generator", x(1, 2, 3), [1, 1, 3, 4], False),
    *[op("grid_sampler", x(1, 2, 4, 4), x(1, 3, 3, 2, seed=2), mode, padding, corners)
      for mode, padding, corners in ((0, 0, False), (1, 1, True), (2, 2, False))],
    op("grid_sampler_2d", x(1, 2, 4, 4), x(1, 3, 3, 2, seed=2), 0, 1, True),
    op("grid_sampler_3d", VOLUME, within(-0.2, 0.2, 1, 2, 2, 2, 3), 0, 0, False),
    f("pad", LINE, [1, 2]),
    f("pad", IMAGE, [1, -2, 3, 1], "constant", 2.5),
    f("pad", IMAGE, [1, 2, 2, 1], "reflect"),
    f("pad", IMAGE, [1, 2, 2, 1], "replicate"),
    f("pad", IMAGE, [1, 2, 2, 1], "circular"),
    *each("reflection_pad1d replication_pad1d", LINE, [1, 2]),
    *each("reflection_pad2d replication_pad2d", IMAGE, [1, 2, 0, 3]),
    *each("reflection_pad3d replication_pad3d", VOLUME, [1, 1, 0, 1, 2, 0]),
    op("constant_pad_nd", LINE, [1, 2, 0, 1], 0.5),
    f("pixel_shuffle", x(1, 4, 2, 3), 2),
    f("pixel_unshuffle", x(1, 1, 4, 6), 2),
    op("pad_sequence", [x(3, 2), x(1, 2, seed=2)], True, 0.5),
]

NORMS = [
    f("batch_norm", IMAGE, constant(x(4)), constant(positive(4)), weight=positive(4), bias=x(4)),
    f("batch_norm", IMAGE, None, None, training=True, eps=0.1),
    f("instance_norm", IMAGE, None, None, weight=positive(4)),
    f("group_norm", IMAGE, 2, positive(4), x(4)),
    f("layer_norm", IMAGE, [6, 5], positive(6, 5), x(6, 5)),
    f("layer_norm", FLAT, [4]),
    f("normalize", FLAT),
    f("normalize", FLAT, p=1, dim=0),
    op("batch_norm", FLAT, positive(4), x(4), None, None, True, 0.1, 0.001, False),
    op("native_batch_norm", FLAT, positive(4), x(4), None, None, True, 0.1, 0.001),
    op("native_layer_norm", FLAT, [4], positive(4), x(4), 0.001),
    op("native_group_norm", IMAGE, positive(4), x(4), 2, 4, 30, 2, 0.001, _views=False),
    op("norm_except_dim", x(3, 2, 2), 2, 0),
]

LOSSES = [
    f("cross_entropy", FLAT, LABELS),
    f("cross_entropy", FLAT, positive(5, 4)),
    f("cross_entropy", FLAT, LABELS, weight=constant(positive(4)), label_smoothing=0.1, ignore_index=2),
    f("nll_loss", FLAT, LABELS),
    f("nll_loss", FLAT, LABELS, weight=constant(positive(4)), reduction="sum"),
    f("binary_cross_entropy", positive(5, 4), positive(5, 4, seed=9)),
    f("binary_cross_entropy", positive(5, 4), positive(5, 4, seed=9), weight=constant(positive(4, seed=5))),
    f("binary_cross_entropy_with_logits", FLAT, positive(5, 4)),
    f("binary_cross_entropy_with_logits", FLAT, positive(5, 4), pos_weight=constant(positive(4, seed=5))),
    *[f(name, FLAT, TARGET) for name in ("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss")],
    *[f(name, FLAT, TARGET, reduction="none")
      for name in ("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss")],
    f("huber_loss", FLAT, TARGET, delta=0.25),
    f("smooth_l1_loss", FLAT, TARGET, beta=0.25, reduction="sum"),
    f("kl_div", FLAT, positive(5, 4), reduction="batchmean"),
    f("kl_div", FLAT, TARGET, reduction="sum", log_target=True),
    f("cosine_similarity", FLAT, TARGET),
    f("pairwise_distance", FLAT, TARGET),
    f("one_hot", LABELS, 4),
    f("embedding", ints(0, 5, 2, 3), x(5, 3)),
    f("embedding", ints(0, 5, 2, 3), x(5, 3), padding_idx=1, _slopes=False),
    op("kl_div", FLAT, positive(5, 4), 0),
    op("kl_div", FLAT, TARGET, 2, log_target=True),
    op("kl_div", FLAT, TARGET, 1, log_target=True),
    *[op(name, FLAT, TARGET, code) for name in ("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss")
      for code in (0, 1)],
    op("binary_cross_entropy_with_logits", FLAT, positive(5, 4), None, None, 1),
    op("nll_loss", FLAT, LABELS, None, 1),
    op("nll_loss2d", x(2, 4, 3, 3), ints(0, 4, 2, 3, 3), None, 2, _views=False),
    op("cross_entropy_loss", FLAT, LABELS, None, 1),
    op("soft_margin_loss", FLAT, constant(listed(*[1, -1] * 10, shape=[5, 4])), 1),
    op("hinge_embedding_loss", x(5), SIGNS, 1, 1),
    op("margin_ranking_loss", x(5), x(5, seed=2), SIGNS, 0.5, 1),
    op("cosine_embedding_loss", FLAT, TARGET, SIGNS, 0.25, 2),
    op("triplet_margin_loss", FLAT, TARGET, x(5, 4, seed=5), 1, 2, 0.001, True, 1),
    op("multi_margin_loss", FLAT, LABELS, 2, 1, None, 1),
    op("multilabel_margin_loss", x(2, 4), listed(3, 0, -1, 1, 2, -1, 0, 1, dtype="int64", shape=[2, 4]), 1),
    op("poisson_nll_loss", FLAT, positive(5, 4), True, False, 0.001, 1),
    # Its gradient is that of the logits of which `log_probs` is the log_softmax.
    op("ctc_loss", x(6, 2, 4), ints(1, 4, 2, 2), [6, 5], [2, 2], 0, 1,
       _slopes=False),
]

HIDDEN = [x(12, 3, seed=5), x(12, 4, seed=6), x(12, seed=7), x(12, seed=8)]
SMALL = [x(4, 3, seed=5), x(4, 4, seed=6), x(4, seed=7), x(4, seed=8)]
GATES = [x(16, 3, seed=5), x(16, 4, seed=6), x(16, seed=7), x(16, seed=8)]
STEPS, STATE = x(5, 2, 3), x(1, 2, 4, seed=2)

# Without views where bfloat16, over many products, rounds otherwise in other layouts.
RECURRENT = [
    op("gru_cell", x(2, 3), x(2, 4, seed=2), *HIDDEN),
    op("lstm_cell", x(2, 3), [x(2, 4, seed=2), x(2, 4, seed=9)], *GATES, _views=False),
    *each("rnn_tanh_cell rnn_relu_cell", x(2, 3), x(2, 4, seed=2), *SMALL),
    op("gru", STEPS, STATE, HIDDEN, True, 1, 0, False, False, False),
    op("lstm", STEPS, [STATE, x(1, 2, 4, seed=9)], GATES, True, 1, 0, False, False, False, _views=False),
    op("rnn_tanh", STEPS, STATE, SMALL, True, 1, 0, False, False, False),
    op("rnn_relu", STEPS, STATE, SMALL, True, 1, 0, False, False, False, _views=False),
]

OFF = [
    *[f(name, FLAT, 0.5, False) for name in ("dropout", "alpha_dropout", "feature_alpha_dropout")],
    f("dropout1d", LINE, 0.5, False),
    f("dropout2d", IMAGE, 0.5, False),
    *each("dropout alpha_dropout feature_dropout feature_alpha_dropout", FLAT, 0.5, False),
]

CASES = [
    *ACTIVATIONS, *CONVOLUTIONS, *POOLINGS, *RESIZED, *NORMS, *LOSSES, *RECURRENT, *OFF,
]
