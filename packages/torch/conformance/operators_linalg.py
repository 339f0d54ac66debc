"""Products, factorizations, solvers, matrix functions, Fourier transforms."""
from operators_spec import each, listed, matrix, op, positive, x, z

A = x(3, 4)
B = x(4, 2, seed=2)
SQUARE = matrix("regular", 3, 3)
BATCH = matrix("regular", 2, 3, 3)
DEFINITE = matrix("definite", 3, 3)
SYMMETRIC = matrix("symmetric", 3, 3)
LOWER = matrix("lower", 3, 3)
RIGHT = x(3, 2, seed=2)

# No complex dot and vdot: Debian's 1.13 and its BLAS disagree on how a complex number is returned,
# and both PyTorch and we get 0.
PRODUCTS = [
    *each("mm matmul linalg.matmul", A, B),
    *each("matmul linalg.matmul", x(2, 1, 3, 4), x(5, 4, 2, seed=2)),
    *each("bmm matmul", x(2, 3, 4), x(2, 4, 2, seed=2)),
    *each("mm matmul", z(2, 3), z(3, 2, seed=2)),
    *each("dot inner vdot", x(4), x(4, seed=2)),
    *each("outer ger kron", x(3), x(4, seed=2)),
    *each("cross linalg.cross", x(2, 3), x(2, 3, seed=2)),
    *each("linalg.vecdot", x(2, 3), x(2, 3, seed=2)),
    *each("chain_matmul linalg.multi_dot", [x(2, 3), x(3, 4, seed=2), x(4, 2, seed=5)]),
    op("matmul", x(4), x(4, seed=2)),
    op("inner", x(2, 3), x(4, 3, seed=2)),
    op("kron", x(2, 3), x(2, 2, seed=2)),
    op("cross", x(3, 2), x(3, 2, seed=2), 0),
    op("linalg.vecdot", z(2, 3), z(2, 3, seed=2), dim=0),
    op("mv", A, x(4, seed=2)),
    op("addmm", x(3, 2, seed=5), A, B),
    op("addmm", x(2, seed=5), A, B, beta=0.5, alpha=2),
    op("addmv", x(3), A, x(4, seed=2), beta=2, alpha=0.5),
    op("addr", A, x(3, seed=2), x(4, seed=5), alpha=2),
    op("addbmm", x(3, 2), x(2, 3, 4), x(2, 4, 2, seed=2), beta=0.5, alpha=2),
    op("baddbmm", x(2, 3, 2), x(2, 3, 4), x(2, 4, 2, seed=2), beta=0.5, alpha=2),
    op("tensordot", x(2, 3, 4), x(4, 3, 5, seed=2), [1, 2], [1, 0]),
    op("einsum", "ij,jk->ik", [A, B]),
    op("einsum", "bij,bij->b", [x(2, 3, 4), x(2, 3, 4, seed=2)]),
    op("einsum", "...ii->...i", [x(2, 3, 3)]),
    op("bilinear", x(2, 3), x(2, 4, seed=2), x(5, 3, 4, seed=5), x(5)),
]

SQUARES = [
    *each("det logdet slogdet inverse pinverse matrix_exp", DEFINITE),
    *each("linalg.det linalg.slogdet linalg.inv linalg.inv_ex linalg.pinv", SQUARE),
    *each("linalg.det linalg.inv linalg.matrix_exp det inverse", BATCH),
    *each("linalg.det linalg.inv linalg.slogdet", z(2, 2)),
    *each("linalg.matrix_rank", SQUARE),
    *each("matrix_power linalg.matrix_power", SQUARE, 3),
    *each("matrix_power linalg.matrix_power", SQUARE, -2),
    op("linalg.matrix_rank", listed(1, 2, 2, 4, shape=[2, 2])),
    op("linalg.matrix_rank", SYMMETRIC, atol=0.5, hermitian=True),
    op("linalg.cond", SQUARE),
    op("linalg.cond", SQUARE, 1),
    op("linalg.pinv", x(3, 2), rtol=0.001),
    op("linalg.tensorinv", x(4, 2, 2), 1),
    op("linalg.vander", x(3)),
    op("linalg.vander", x(3), N=2),
]

FACTORS = [
    *each("cholesky linalg.cholesky linalg.cholesky_ex", DEFINITE),
    *each("linalg.cholesky", DEFINITE, upper=True),
    *each("cholesky_inverse", LOWER),
    op("cholesky", DEFINITE, True),
    op("linalg.qr", x(3, 2)),
    op("linalg.qr", x(3, 2), "r", _only=[1]),
    op("qr", x(3, 2)),
    op("geqrf", x(3, 2)),
    op("linalg.householder_product", x(3, 2), positive(2)),
    op("orgqr", x(3, 2), positive(2)),
    op("ormqr", x(3, 2), positive(2), x(3, 2, seed=5)),
    op("linalg.svd", x(3, 2), False, _only=[1]),
    op("linalg.svdvals", x(3, 2)),
    op("svd", x(3, 2), _only=[1]),
    op("linalg.eigh", SYMMETRIC, _only=[0]),
    op("linalg.eigh", SYMMETRIC, "U", _only=[0]),
    op("linalg.eigvalsh", SYMMETRIC),
    op("linalg.eig", DEFINITE, _only=[]),
    op("linalg.eigvals", matrix("lower", 3, 3), _only=[]),
    op("linalg.lu", SQUARE),
    op("linalg.lu_factor", SQUARE),
    op("linalg.lu_factor_ex", SQUARE),
    op("lu_unpack", SQUARE, listed(1, 3, 3, dtype="int32")),
    op("linalg.ldl_factor", SYMMETRIC),
    op("linalg.ldl_factor_ex", SYMMETRIC),
]

SOLVERS = [
    op("linalg.solve", SQUARE, RIGHT),
    op("linalg.solve", BATCH, x(2, 3, 2, seed=2)),
    op("linalg.solve", SQUARE, x(2, 3, seed=2), left=False),
    op("linalg.solve_ex", SQUARE, RIGHT),
    op("linalg.solve_triangular", LOWER, RIGHT, upper=False),
    op("linalg.solve_triangular", LOWER, x(2, 3, seed=2), upper=False, left=False),
    op("triangular_solve", RIGHT, LOWER, False),
    op("cholesky_solve", RIGHT, LOWER),
    op("linalg.lu_solve", SQUARE, listed(1, 2, 3, dtype="int32"), RIGHT),
    op("lu_solve", RIGHT, SQUARE, listed(1, 2, 3, dtype="int32")),
    op("linalg.lstsq", x(4, 3), x(4, 2, seed=2), _only=[0]),
    op("linalg.tensorsolve", SQUARE, x(3, seed=2)),
    op("linalg.ldl_solve", LOWER, listed(1, 2, 3, dtype="int32"), RIGHT),
]

MEASURES = [
    *each("linalg.norm linalg.vector_norm linalg.matrix_norm", A),
    op("linalg.norm", A, 2),
    op("linalg.norm", A, "nuc"),
    op("linalg.norm", A, 1, 1, True),
    op("linalg.norm", z(2, 3)),
    op("linalg.vector_norm", A, 3, 1, True),
    op("linalg.vector_norm", A, 0),
    op("linalg.vector_norm", A, 1.5),
    op("linalg.vector_norm", A, 2, [0, 1], dtype="float64"),
    op("linalg.vector_norm", A, dtype="float64"),
    op("linalg.matrix_norm", A, 1),
    op("linalg.matrix_norm", A, -1),
    op("linalg.matrix_norm", A, 2, [0, 1], True),
    op("linalg.matrix_norm", A, "nuc"),
    op("linalg.diagonal", x(2, 3, 4), offset=1),
]

SIGNAL = z(2, 6)

FOURIER = [
    *each("fft.fft fft.ifft fft.fft2 fft.ifft2 fft.fftn fft.ifftn fft.hfft fft.irfft", SIGNAL),
    *each("fft.irfft2 fft.irfftn fft.hfft2 fft.hfftn", SIGNAL),
    *each("fft.fft fft.rfft fft.ihfft fft.rfft2 fft.rfftn fft.ihfft2 fft.ihfftn", x(2, 6)),
    *each("fft.fftshift fft.ifftshift", x(5)),
    *each("fft.fftshift fft.ifftshift", x(2, 5), 1),
    *each("fft.fft fft.ifft", SIGNAL, 4, 1, "ortho"),
    *each("fft.fftfreq fft.rfftfreq", 6),
    *each("fft.fftfreq fft.rfftfreq", 5, 0.5, dtype="float64"),
    op("fft.rfft", x(2, 6), 8, 0, "forward"),
    op("fft.irfft", SIGNAL, 7, 1, "forward"),
    op("fft.fftfreq", 4, dtype="float64"),
    op("stft", x(2, 12), 4, 2, None, positive(4), True, "reflect", False, True, True),
    op("stft", x(12), 4, None, None, positive(4), False, "reflect", True, True, True),
    op("istft", z(3, 5), 4, 2, None, positive(4)),
]

CASES = [*PRODUCTS, *SQUARES, *FACTORS, *SOLVERS, *MEASURES, *FOURIER]
