#!/usr/bin/env python3
"""Rewrites a Whisper model of CTranslate2 (half precision) as whisper.cpp reads it.

    tests/real/whisper_model.py FOLDER FILE.bin      FOLDER has model.bin and vocabulary.txt

Only names, order and joints differ: CTranslate2 keeps queries, keys and values in one matrix. The
filters that whisper.cpp wants with its models are computed (Slaney's mel scale, as librosa has it).
"""

import argparse
import math
import struct
import sys
from pathlib import Path

HALF = 4  # CTranslate2's number for it
MAGIC = 0x67676D6C
RATE, WINDOW = 16000, 400  # of Whisper's sound: samples a second, samples of a spectrum
MULTILINGUAL = 51865  # words of the smallest such model


class Source:
    """The variables of a CTranslate2 file, by name: (dimensions, bytes)."""

    def __init__(self, data):
        self.data, self.at = data, 0
        version, name, _ = self.number("I"), self.text(), self.number("I")
        if version < 4 or name != "WhisperSpec":
            raise SystemExit(f"no Whisper of CTranslate2: {name!r}, version {version}")
        self.variables = dict(self.variable() for _ in range(self.number("I")))

    def number(self, kind):
        (value,) = struct.unpack_from("<" + kind, self.data, self.at)
        self.at += struct.calcsize(kind)
        return value

    def text(self):
        size = self.number("H")
        self.at += size
        return self.data[self.at - size:self.at - 1].decode()

    def variable(self):
        name = self.text()
        dimensions = [self.number("I") for _ in range(self.number("B"))]
        kind, size = self.number("B"), self.number("I")
        self.at += size
        if dimensions and "alignment" not in name and kind != HALF:
            raise SystemExit(f"{name} is not of half precision")
        return name, (dimensions, self.data[self.at - size:self.at])

    def layers(self, side):
        return len({name.split("/")[1] for name in self.variables if name.startswith(f"{side}/layer_")}
                   - {"layer_norm"})

    def scalar(self, name):
        return struct.unpack("<h", self.variables[name][1])[0]


class Target:
    """What becomes of them."""

    def __init__(self, source, file):
        self.source, self.file = source, file

    def write(self, name, dimensions, data, wide=False):
        """@param wide 32 bits, as vectors always are"""
        wide = wide or len(dimensions) == 1
        if wide:
            values = struct.unpack(f"<{len(data) // 2}e", data)
            data = struct.pack(f"<{len(values)}f", *values)
        head = struct.pack("<iii", len(dimensions), len(name), 0 if wide else 1)
        self.file.write(head + struct.pack(f"<{len(dimensions)}i", *reversed(dimensions)))
        self.file.write(name.encode() + data)

    def copy(self, source, target, wide=False):
        self.write(target, *self.source.variables[source], wide)

    def linear(self, source, *targets):
        """A matrix and its vector, cut into as many parts by rows; Whisper's keys have no vector."""
        (rows, columns), weights = self.source.variables[source + "/weight"]
        _, bias = self.source.variables[source + "/bias"]
        rows //= len(targets)
        for part, target in enumerate(targets):
            size = 2 * rows * columns
            self.write(target + ".weight", [rows, columns], weights[part * size:(part + 1) * size])
            if not target.endswith(".key"):
                self.write(target + ".bias", [rows], bias[2 * part * rows:2 * (part + 1) * rows])

    def norm(self, source, target):
        self.copy(source + "/gamma", target + ".weight")
        self.copy(source + "/beta", target + ".bias")

    def block(self, source, target, crossed):
        own = f"{source}/self_attention"
        self.norm(own + "/layer_norm", target + ".attn_ln")
        self.linear(own + "/linear_0", *(f"{target}.attn.{each}" for each in ("query", "key", "value")))
        self.linear(own + "/linear_1", target + ".attn.out")
        if crossed:
            other = f"{source}/attention"
            self.norm(other + "/layer_norm", target + ".cross_attn_ln")
            self.linear(other + "/linear_0", target + ".cross_attn.query")
            self.linear(other + "/linear_1", target + ".cross_attn.key", target + ".cross_attn.value")
            self.linear(other + "/linear_2", target + ".cross_attn.out")
        self.norm(source + "/ffn/layer_norm", target + ".mlp_ln")
        self.linear(source + "/ffn/linear_0", target + ".mlp.0")
        self.linear(source + "/ffn/linear_1", target + ".mlp.2")

    def side(self, side, last_norm):
        self.copy(f"{side}/position_encodings/encodings", f"{side}.positional_embedding", wide=True)
        for layer in range(self.source.layers(side)):
            self.block(f"{side}/layer_{layer}", f"{side}.blocks.{layer}", side == "decoder")
        self.norm(f"{side}/layer_norm", f"{side}.{last_norm}")

    def convolutions(self):
        for each in ("conv1", "conv2"):
            self.copy(f"encoder/{each}/weight", f"encoder.{each}.weight")
            (size,), data = self.source.variables[f"encoder/{each}/bias"]
            self.write(f"encoder.{each}.bias", [size, 1], data, wide=True)


def mel_filters(count):
    """Triangles over the spectrum's lines, each of the same area: rows of one filter each."""
    def mel(hertz):
        return 3 * hertz / 200 if hertz < 1000 else 15 + 27 * math.log(hertz / 1000) / math.log(6.4)

    def hertz(value):
        return 200 * value / 3 if value < 15 else 1000 * math.exp((value - 15) * math.log(6.4) / 27)

    edges = [hertz(mel(RATE / 2) * place / (count + 1)) for place in range(count + 2)]
    rows = []
    for low, middle, high in zip(edges, edges[1:], edges[2:]):
        lines = (line * RATE / WINDOW for line in range(WINDOW // 2 + 1))
        rows.append([2 / (high - low) * max(0.0, min((line - low) / (middle - low),
                                                     (high - line) / (high - middle)))
                     for line in lines])
    return rows


def letters():
    """GPT-2 writes each byte as a printable character: which byte each stands for."""
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + place): byte
                                                  for place, byte in enumerate(others)}


def words(folder, total):
    byte_of = letters()
    lines = (folder / "vocabulary.txt").read_text(encoding="utf-8").split("\n")
    # whisper.cpp names the special ones itself.
    return [bytes(byte_of[letter] for letter in line)
            for line in lines[:50257 if total >= MULTILINGUAL else 50256]]


def convert(folder, path):
    source = Source((folder / "model.bin").read_bytes())
    (vocabulary, width), _ = source.variables["decoder/embeddings/weight"]
    (positions, _), _ = source.variables["encoder/position_encodings/encodings"]
    (text_positions, _), _ = source.variables["decoder/position_encodings/encodings"]
    (_, mels, _), _ = source.variables["encoder/conv1/weight"]
    with open(path, "wb") as file:
        file.write(struct.pack("<I11i", MAGIC, vocabulary, positions, width,
                               source.scalar("encoder/num_heads"), source.layers("encoder"),
                               text_positions, width, source.scalar("decoder/num_heads"),
                               source.layers("decoder"), mels, 1))
        filters = mel_filters(mels)
        file.write(struct.pack("<ii", mels, len(filters[0])))
        for row in filters:
            file.write(struct.pack(f"<{len(row)}f", *row))
        known = words(folder, vocabulary)
        file.write(struct.pack("<i", len(known)))
        for word in known:
            file.write(struct.pack("<I", len(word)) + word)
        target = Target(source, file)
        target.convolutions()
        target.side("encoder", "ln_post")
        target.copy("decoder/embeddings/weight", "decoder.token_embedding.weight")
        target.side("decoder", "ln")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    convert(options.folder, options.file)


if __name__ == "__main__":
    sys.exit(main())
