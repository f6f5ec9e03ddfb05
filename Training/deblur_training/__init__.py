"""Training of AdaRevD (CVPR 2024) for the deblur service."""
