import numpy as np

image_side = 12
kernels = 2
kernel_side = 3
stride = 1


def nested_loops(image: np.ndarray, weight: np.ndarray, stride: int) -> np.ndarray:
    """The definition: one multiply-add at a time."""
    channels, height, width = image.shape
    kernels, _, k, _ = weight.shape
    out_height, out_width = (height - k) // stride + 1, (width - k) // stride + 1
    output = np.zeros((kernels, out_height, out_width), image.dtype)
    for kernel in range(kernels):
        for y in range(out_height):
            for x in range(out_width):
                for c in range(channels):
                    for i in range(k):
                        for j in range(k):
                            output[kernel, y, x] += image[c, y * stride + i, x * stride + j] * weight[kernel, c, i, j]
    return output


if __name__ == "__main__":
    rng = np.random.default_rng()
    image = rng.random((1, image_side, image_side), np.float32)  # C x H x W
    weight = rng.standard_normal((kernels, 1, kernel_side, kernel_side), np.float32)  # K x C x k x k
    print(nested_loops(image, weight, stride).shape)
