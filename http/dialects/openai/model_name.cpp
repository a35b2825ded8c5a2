#include "http/dialects/openai/model_name.hpp"

namespace synapse::http::openai {

void append_renamed(std::string& out, std::string_view text, std::string_view from,
                    std::string_view to) {
  constexpr std::string_view name = R"("model")";
  std::size_t done = 0;
  for (auto at = text.find(name); at != std::string_view::npos; at = text.find(name, at)) {
    const bool escaped = at > 0 && text[at - 1] == '\\';
    at += name.size();
    auto value = text.find_first_not_of(" \t\r\n", at);
    if (escaped || value == std::string_view::npos || text[value] != ':')
      continue;
    value = text.find_first_not_of(" \t\r\n", value + 1);
    if (value == std::string_view::npos || !text.substr(value).starts_with(from))
      continue;
    out.append(text.substr(done, value - done)).append(to);
    at = done = value + from.size();
  }
  out.append(text.substr(done));
}

} // namespace synapse::http::openai
