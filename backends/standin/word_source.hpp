#pragma once

#include "backends/llama/generation.hpp"
#include "backends/text/text_models.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace synapse::backends {

/// Where the words of a stand-in's answers come from.
struct word_options {
  std::vector<std::filesystem::path> docs; ///< Markdown folders and files
  model_kind kind = model_kind::docs;
};

/// Makes the answers of a stand-in. Each begins with who answers, e.g. `[vllm stand-in, m] `, but
/// for JSON, which must stay what was asked for.
class word_source {
public:
  /// @param speaker e.g. `vllm stand-in`
  word_source(const word_options& options, std::string speaker);

  /// @param room tokens that the context has left
  answer_choice chat(const chat_request& wanted, const std::string& model, std::size_t room) const;

  /// @returns the answer to a bare prompt.
  answer_choice text(const std::string& prompt, const generation_params& params,
                     const std::string& model, std::size_t room) const;

private:
  std::string signed_by(const std::string& model, const std::string& text) const;

  std::string speaker_;
  std::unique_ptr<text_model> words_;
};

/// @returns the body of a chat request with every part that is no text replaced by a word for it,
/// for models that read text only: images are accepted and not looked at.
json without_media(json body);

} // namespace synapse::backends
