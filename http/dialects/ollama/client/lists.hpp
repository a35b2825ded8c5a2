/// @file
/// What Ollama's clients are told of the models that there are: bodies of answers, from plain
/// facts. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::http::ollama::client {

/// A model under its public name. What is not known is left at its default.
struct listed_model {
  std::string name;
  std::uint64_t context = 0; ///< tokens
  /// In a catalog's words: chat, completions, embeddings, tools, vision, reasoning, audio_in;
  /// others have no name here. Empty: not known, and taken for one that chats.
  std::vector<std::string> capabilities;
  bool loaded = false;
  std::uint64_t size = 0;     ///< bytes
  std::int64_t modified = 0;  ///< seconds since 1970
  std::string family;         ///< such as `llama`
  std::string parameter_size; ///< such as `8.0B`
  std::string quantization;   ///< such as `Q4_K_M`
};

/// GET /api/tags
std::string tags_body(const std::vector<listed_model>& models);
/// GET /api/ps: those that are loaded. @param now seconds since 1970
std::string ps_body(const std::vector<listed_model>& models, std::int64_t now);
/// POST /api/show
std::string show_body(const listed_model& model);
/// GET /api/version. @param version of Ollama, whose forms are spoken; what stands behind x.y.z is
/// left out, since clients compare it as three numbers
std::string version_body(std::string_view version = "0.12.3");

} // namespace synapse::http::ollama::client
