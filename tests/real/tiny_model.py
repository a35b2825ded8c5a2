#!/usr/bin/env python3
"""Writes a random language model of half a megabyte for llama.cpp.

    tests/real/tiny_model.py FILE.gguf [--seed N] [--parts N]

It speaks made-up words, thousands a second, and never ends by itself: a real server's protocol can be
tried with it, its wisdom not. With --parts the tensors are spread over FILE-00001-of-0000N.gguf and so
on, as large models are.

The format is GGUF 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): a head, keys with
typed values, the tensors' descriptions, and their data, all little-endian.
"""

import argparse
import array
import random
import struct
import sys
from pathlib import Path

ALIGNMENT = 32
UINT16, UINT32, INT32, FLOAT32, STRING, ARRAY = 2, 4, 5, 6, 8, 9
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6  # kinds of tokens

WIDTH = 64
LAYERS = 2
HEADS = 4
CONTEXT = 2048
SYLLABLES = [first + rest for first in "bdfgklmnprstvw" for rest in
             ("a", "e", "i", "o", "u", "an", "en", "on", "ar", "el")]
SPACE = "\N{LOWER ONE EIGHTH BLOCK}"  # how SentencePiece writes one
TEMPLATE = ("{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
            "assistant:")


def packed(kind, value):
    """A value without its kind."""
    if kind == STRING:
        data = value.encode()
        return struct.pack("<Q", len(data)) + data
    if kind == ARRAY:
        inner, values = value
        return struct.pack("<IQ", inner, len(values)) + b"".join(packed(inner, v) for v in values)
    return struct.pack({UINT16: "<H", UINT32: "<I", INT32: "<i", FLOAT32: "<f"}[kind], value)


def padding(size):
    return b"\0" * (-size % ALIGNMENT)


def write_gguf(path, keys, tensors):
    """@param keys (name, kind, value); @param tensors (name, dimensions with the innermost first,
    array of floats)."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))
    for name, kind, value in keys:
        head += packed(STRING, name) + struct.pack("<I", kind) + packed(kind, value)
    offset = 0
    for name, dimensions, values in tensors:
        head += packed(STRING, name) + struct.pack("<I", len(dimensions))
        head += struct.pack(f"<{len(dimensions)}Q", *dimensions) + struct.pack("<IQ", 0, offset)
        size = 4 * len(values)
        offset += size + len(padding(size))
    with open(path, "wb") as file:
        file.write(head + padding(len(head)))
        for _, _, values in tensors:
            data = values.tobytes()
            file.write(data + padding(len(data)))


def vocabulary():
    """(text, kind, score) of every token."""
    tokens = [("<unk>", UNKNOWN, 0.0), ("<s>", CONTROL, 0.0), ("</s>", CONTROL, 0.0)]
    tokens += [(f"<0x{byte:02X}>", BYTE, 0.0) for byte in range(256)]
    words = [SPACE] + [SPACE + word for word in SYLLABLES]
    return tokens + [(word, NORMAL, -1.0 - rank) for rank, word in enumerate(words)]


def model_keys(tokens):
    tokenizer = "tokenizer.ggml."
    return [
        ("general.architecture", STRING, "llama"),
        ("general.name", STRING, "random words"),
        ("llama.context_length", UINT32, CONTEXT),
        ("llama.embedding_length", UINT32, WIDTH),
        ("llama.block_count", UINT32, LAYERS),
        ("llama.feed_forward_length", UINT32, 2 * WIDTH),
        ("llama.attention.head_count", UINT32, HEADS),
        ("llama.attention.head_count_kv", UINT32, HEADS),
        ("llama.attention.layer_norm_rms_epsilon", FLOAT32, 1e-5),
        ("llama.rope.dimension_count", UINT32, WIDTH // HEADS),
        ("llama.vocab_size", UINT32, len(tokens)),
        (tokenizer + "model", STRING, "llama"),
        (tokenizer + "pre", STRING, "default"),
        (tokenizer + "tokens", ARRAY, (STRING, [text for text, _, _ in tokens])),
        (tokenizer + "token_type", ARRAY, (INT32, [kind for _, kind, _ in tokens])),
        (tokenizer + "scores", ARRAY, (FLOAT32, [score for _, _, score in tokens])),
        (tokenizer + "unknown_token_id", UINT32, 0),
        (tokenizer + "bos_token_id", UINT32, 1),
        (tokenizer + "eos_token_id", UINT32, 2),
        ("tokenizer.chat_template", STRING, TEMPLATE),
    ]


def model_tensors(tokens, seed):
    source = random.Random(seed)

    def matrix(columns, rows):
        return array.array("f", (source.gauss(0.0, 0.3) for _ in range(columns * rows)))

    def blind_to_the_first(columns, rows):
        """Writes nothing into the first dimension."""
        values = matrix(columns, rows)
        values[:columns] = array.array("f", bytes(4 * columns))
        return values

    # The first dimension is a constant that the layers leave alone; by it the output forbids all
    # tokens but whole words. So the text is always valid UTF-8, and only max_tokens ends it.
    embeddings = matrix(WIDTH, len(tokens))
    output = matrix(WIDTH, len(tokens))
    for row, (text, kind, _) in enumerate(tokens):
        embeddings[row * WIDTH] = 4.0
        output[row * WIDTH] = 0.0 if kind == NORMAL and text != SPACE else -20.0

    ones = array.array("f", [1.0] * WIDTH)
    tensors = [("token_embd.weight", (WIDTH, len(tokens)), embeddings),
               ("output_norm.weight", (WIDTH,), ones),
               ("output.weight", (WIDTH, len(tokens)), output)]
    square, wide, narrow = (WIDTH, WIDTH), (WIDTH, 2 * WIDTH), (2 * WIDTH, WIDTH)
    for layer in range(LAYERS):
        for name, shape, fill in (("attn_q", square, matrix), ("attn_k", square, matrix),
                                  ("attn_v", square, matrix),
                                  ("attn_output", square, blind_to_the_first),
                                  ("ffn_gate", wide, matrix), ("ffn_up", wide, matrix),
                                  ("ffn_down", narrow, blind_to_the_first)):
            tensors.append((f"blk.{layer}.{name}.weight", shape, fill(*shape)))
        tensors += [(f"blk.{layer}.{name}.weight", (WIDTH,), ones)
                    for name in ("attn_norm", "ffn_norm")]
    return tensors


def write_model(path, seed, parts):
    """@returns the files it wrote."""
    tokens = vocabulary()
    keys = model_keys(tokens)
    tensors = model_tensors(tokens, seed)
    if parts == 1:
        write_gguf(path, keys, tensors)
        return [path]
    written = []
    for part in range(parts):
        split = [("split.no", UINT16, part), ("split.count", UINT16, parts),
                 ("split.tensors.count", INT32, len(tensors))]
        file = path.with_name(f"{path.stem}-{part + 1:05}-of-{parts:05}.gguf")
        # Only the first part says what the model is.
        write_gguf(file, (keys if part == 0 else []) + split,
                   tensors[len(tensors) * part // parts:len(tensors) * (part + 1) // parts])
        written.append(file)
    return written


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", type=int, default=1)
    options = parser.parse_args()
    if options.file.suffix != ".gguf" or options.parts < 1:
        parser.error("a name that ends in .gguf, and at least one part")
    write_model(options.file, options.seed, options.parts)


if __name__ == "__main__":
    sys.exit(main())
