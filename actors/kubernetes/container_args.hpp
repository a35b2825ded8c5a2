/// @file
/// The context size among the arguments of llama.cpp's server. Pure functions, any thread.
#pragma once

#include "config/values/values.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace synapse::kubernetes {

using arguments = std::vector<std::string>;

/// The context size in tokens that these arguments ask for: `--ctx-size N`, `--ctx-size=N` or
/// `-c N`, the last one, as the server itself reads them (llama.cpp, common/arg.cpp; there
/// `--ctx_size` is the same). Empty when there is none, or when it is no whole number, e.g. a
/// variable that Kubernetes puts in.
std::optional<std::int64_t> context_size(const arguments& args);

/// The same arguments with another context size: where one is named, in place and in the form it
/// has there; else at the end as `--ctx-size N`. All others stay as they are.
/// @param command of the container; empty when it is the image's own.
/// @returns the whole list, or a sentence that says why such a container cannot be changed: a shell
/// runs a text in which the server's arguments stand.
config::parsed<arguments> with_context_size(const arguments& args, const arguments& command,
                                            std::int64_t tokens);

} // namespace synapse::kubernetes
