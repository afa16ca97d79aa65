"""The loop that students would use otherwise: torchvision's transforms image by image, a DataLoader, float32."""

import torch
from PIL import Image
from torch import nn
from torchvision import transforms

from ...networks.augmentation import MEAN, STD

BATCH = 256
WORKERS = 2


class Images(torch.utils.data.Dataset):
    """Images and labels as torchvision's CIFAR10 hands them out: each a PIL image that goes through the transforms."""

    def __init__(self, images, labels, augmented):
        augmentation = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()] if augmented else []
        steps = [*augmentation, transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
        self.images, self.labels, self.transform = images, labels, transforms.Compose(steps)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.transform(Image.fromarray(self.images[index])), int(self.labels[index])


def loader(images, labels, augmented):
    """Return a DataLoader with two workers; they stay between epochs, so that starting them is not counted."""
    chosen = Images(images, labels, augmented)
    return torch.utils.data.DataLoader(
        chosen, BATCH, shuffle=augmented, num_workers=WORKERS, persistent_workers=WORKERS > 0
    )


def train(model, batches, optimizer, device):
    """Train for one epoch; return the mean loss and the training accuracy."""
    criterion, total_loss, correct, total = nn.CrossEntropyLoss(), 0.0, 0, 0
    model.train()
    for inputs, targets in batches:
        inputs, targets = inputs.to(device), targets.to(device)
        optimizer.zero_grad()
        outputs = model(inputs)
        loss = criterion(outputs, targets)
        loss.backward()
        optimizer.step()
        total_loss += loss.item() * len(targets)
        correct += outputs.argmax(1).eq(targets).sum().item()
        total += len(targets)
    return total_loss / total, correct / total


def evaluate(model, batches, device):
    """Return the accuracy."""
    correct, total = 0, 0
    model.eval()
    with torch.no_grad():
        for inputs, targets in batches:
            correct += model(inputs.to(device)).argmax(1).eq(targets.to(device)).sum().item()
            total += len(targets)
    return correct / total
