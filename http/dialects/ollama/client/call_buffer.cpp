#include "http/dialects/ollama/client/call_buffer.hpp"

#include "http/core/json/json_body.hpp"
#include "http/dialects/json_writer.hpp"

#include <algorithm>

namespace synapse::http::ollama::client {

namespace {
constexpr std::size_t most_calls = 1024;
constexpr std::size_t most_bytes = 64 * 1024 * 1024;
} // namespace

call_buffer::call* call_buffer::at(std::size_t index) {
  if (!calls_.empty() && calls_.back().index == index) // nearly always
    return &calls_.back();
  const auto found = std::lower_bound(calls_.begin(), calls_.end(), index,
                                      [](const call& one, std::size_t i) { return one.index < i; });
  if (found != calls_.end() && found->index == index)
    return &*found;
  if (calls_.size() == most_calls)
    return nullptr;
  call one;
  one.index = index;
  return &*calls_.insert(found, std::move(one));
}

bool call_buffer::add(const openai::call_part& part) {
  auto* const to = at(part.index);
  // Pieces may be cut within what two escapes say together: they are read as a whole, at the end.
  const auto piece = detail::inner(part.arguments);
  bytes_ += piece.size();
  if (to == nullptr || bytes_ > most_bytes)
    return false;
  if (detail::is_text(part.id))
    to->id = part.id;
  if (detail::is_text(part.name))
    to->name = part.name;
  to->arguments += piece;
  return true;
}

bool call_buffer::append(std::string& out, const call& one) {
  auto arguments = detail::unquoted('"' + one.arguments + '"');
  if (arguments.find_first_not_of(" \t\r\n") == std::string::npos)
    arguments = "{}";
  if (one.name.empty() || !inspect_json(arguments).ok())
    return false;
  out += '{';
  if (!one.id.empty())
    ((out += "\"id\":") += one.id) += ',';
  (out += R"("function":{"index":)") += std::to_string(one.index);
  (out += R"(,"name":)") += one.name;
  detail::append_in_one_line(out += R"(,"arguments":)", arguments);
  out += "}}";
  return true;
}

bool call_buffer::take(std::string& out) {
  const auto before = out.size();
  for (const auto& one : calls_) {
    if (out.size() > before)
      out += ',';
    if (!append(out, one)) {
      out.resize(before);
      return false;
    }
  }
  calls_.clear();
  return true;
}

} // namespace synapse::http::ollama::client
