from cnn_core import Conv2d, count_parameters

shape = (1, 512, 512)  # C x H x W
units = 100
kernels = 16
side = 3

channels, height, width = shape
dense = channels * height * width * units + units  # a weight for each pixel and unit, a bias for each unit
convolution = count_parameters([Conv2d(channels, kernels, side)])
print(dense, convolution, dense / convolution)
