from pathlib import Path

from cnn_core import faces
from cnn_core.images import decode_image

min_face = 20
thresholds = (0.6, 0.7, 0.7)

photo = decode_image(Path("photo.png").read_bytes())
for face in faces.detect(photo, min_face, thresholds):
    print(face.box, face.score, face.landmarks)
