// Anthropic: what models there are, once an hour.
#include "providers/model_entry.hpp"
#include "providers/types.hpp"

namespace synapse::providers {

namespace {
using config::capability;

void read_claude(const json_object& from, discovered_model& into) {
  into.context = tokens_member(from, "max_input_tokens");
  say_only(into, {capability::chat});
  // Through chat.
  into.capabilities.no &=
      static_cast<std::uint16_t>(~config::capability_set::bit(capability::responses));
}

listing read_claude_list(std::string_view body) {
  return read_list(body, {{"data"}, {"id"}}, read_claude);
}
} // namespace

const descriptor types::anthropic{
    .discovery = {.paths = {"/v1/models?limit=1000"},
                  .fields = "anthropic-version: 2023-06-01\r\n",
                  .read = read_claude_list,
                  .every = hourly_pace},
};

} // namespace synapse::providers
