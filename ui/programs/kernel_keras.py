import keras
import numpy as np

kernel = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
bias = 0  # if bias
stride = 1
border = (1, 1), (1, 1)  # if border
border_mode = "constant"  # if border
dilation = 1
pool = keras.ops.max_pool  # if pool
pool_size = 2  # if pool
pool_stride = 2  # if pool

image = np.random.default_rng().random((1, 512, 512, 1), "float32")  # N x H x W x C: channels last
channels = image.shape[-1]
weight = np.array(kernel, "float32")[:, :, None, None].repeat(channels, axis=2)  # kH x kW x C x 1

image = np.pad(image, ((0, 0), *border, (0, 0)), border_mode)  # if border
maps = keras.ops.conv(image, weight, stride, "valid", dilation_rate=dilation)  # channels are summed  # if summed
maps = keras.ops.depthwise_conv(image, weight, stride, "valid", dilation_rate=dilation)  # each alone  # if each
maps = maps + bias  # if bias
maps = keras.ops.relu(maps)  # if relu
maps = pool(maps, pool_size, pool_stride, "valid")  # if pool

print(maps.shape, keras.ops.min(maps), keras.ops.max(maps))
