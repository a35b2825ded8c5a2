// Chatterbox: answers 200 when its model could not be loaded, too.
#include "providers/model_entry.hpp"
#include "providers/types.hpp"

namespace synapse::providers {

namespace {
std::optional<bool> loaded_of(std::string_view body) {
  http::detail::borrowed_parser parser;
  std::string problem;
  const auto root = http::detail::parse_object(parser, body, max_answer_bytes, problem);
  return root ? flag_member(*root, "loaded") : std::nullopt;
}

wellness judge_chatterbox(unsigned status, std::string_view body) {
  if (status != 200)
    return wellness::unwell;
  return loaded_of(body).value_or(true) ? wellness::well : wellness::unwell;
}
} // namespace

const descriptor types::chatterbox{
    .health = {.paths = {"/api/model-info", "/api/ui/initial-data", "/health", "/"},
               .judge = judge_chatterbox},
};

} // namespace synapse::providers
