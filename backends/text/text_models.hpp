#pragma once

#include "backends/text/docs_index.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

/// One turn of a conversation, reduced to text.
struct turn {
  std::string role;
  std::string text;
};

/// @returns what the user said last, or else the last text at all.
std::string_view last_user_text(const std::vector<turn>& conversation);

/// Something that answers in text. Calls are pure and cheap.
class text_model {
public:
  virtual ~text_model() = default;

  /// @returns the whole answer; never empty.
  virtual std::string answer(const std::vector<turn>& conversation) const = 0;

  /// @returns one sentence on what it is.
  virtual std::string_view description() const = 0;
};

/// Repeats the last user message.
std::unique_ptr<text_model> make_echo_model();

/// Answers with sentences of the documents, and says where they stand.
std::unique_ptr<text_model> make_docs_model(std::shared_ptr<const docs_index> index);

/// Answers with code blocks and commands of the documents.
std::unique_ptr<text_model> make_coder_model(std::shared_ptr<const docs_index> index);

/// @returns a few passages in which the models describe themselves, for every index.
std::vector<passage> about_the_models();

} // namespace synapse::backends
