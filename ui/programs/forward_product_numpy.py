import numpy as np

image_side = 12
kernels = 2
kernel_side = 3
stride = 1


def im2col(image: np.ndarray, k: int, stride: int) -> np.ndarray:
    """Every window as one column: (C k k, Ho Wo)."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (k, k), axis=(1, 2))  # (C, H - k + 1, W - k + 1, k, k)
    windows = windows[:, ::stride, ::stride]  # (C, Ho, Wo, k, k)
    return windows.transpose(0, 3, 4, 1, 2).reshape(image.shape[0] * k * k, -1)


def one_product(image: np.ndarray, weight: np.ndarray, stride: int) -> np.ndarray:
    """All outputs in one matrix product."""
    kernels, _, k, _ = weight.shape
    columns = im2col(image, k, stride)  # (C k k, Ho Wo)
    matrix = weight.reshape(kernels, -1)  # (K, C k k)
    out_height, out_width = ((side - k) // stride + 1 for side in image.shape[1:])
    return (matrix @ columns).reshape(kernels, out_height, out_width)


if __name__ == "__main__":
    rng = np.random.default_rng()
    image = rng.random((1, image_side, image_side), np.float32)  # C x H x W
    weight = rng.standard_normal((kernels, 1, kernel_side, kernel_side), np.float32)  # K x C x k x k
    print(one_product(image, weight, stride).shape)
