"""The model of the example: a small convolutional denoising autoencoder."""

from typing import cast

import torch
from torch import Tensor, nn

IMAGE_SIZE = 28


class ConvAutoencoder(nn.Module):
    """Maps noisy images [batch, 1, 28, 28] to clean ones of the same shape.

    The output is linear, not squashed, so that a diverging training shows in its loss.
    """

    def __init__(self, width: int = 8, latent: int = 32) -> None:
        super().__init__()
        side = IMAGE_SIZE // 4
        self.encoder = nn.Sequential(
            nn.Conv2d(1, width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(2 * width * side * side, latent),
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent, 2 * width * side * side),
            nn.ReLU(),
            nn.Unflatten(1, (2 * width, side, side)),
            nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1),
        )

    def forward(self, images: Tensor) -> Tensor:
        return cast("Tensor", self.decoder(self.encoder(images)))


def add_noise(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """The model's input. Without a generator it draws from the rank's own random state."""
    noise = torch.empty(images.shape).normal_(generator=generator)
    return images + 0.3 * noise.to(images.device)
