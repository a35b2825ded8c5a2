#include "http/dialects/openai/model_name.hpp"

#include <algorithm>

namespace synapse::http::openai {

namespace {
constexpr std::string_view member_name = R"("model")";
constexpr std::string_view blank_bytes = " \t\r\n";
/// More of them within a member are nobody's writing, and need not be waited for.
constexpr std::size_t most_blanks = 64;

/// What stands where a member's name may begin.
struct member_place {
  enum class state { other, here, cut } is = state::other;
  std::size_t value = 0; ///< offset of the value, if it is here
};

/// Of texts one of which may be cut: whether one begins with the other.
bool begin_alike(std::string_view text, std::string_view with) {
  const auto known = std::min(text.size(), with.size());
  return text.substr(0, known) == with.substr(0, known);
}

/// @param at offset of a quote, whose own escape is the caller's to see
member_place member_at(std::string_view text, std::size_t at, std::string_view from) {
  using state = member_place::state;
  if (!begin_alike(text.substr(at), member_name))
    return {};
  if (text.size() - at < member_name.size())
    return {state::cut, 0};
  auto value = text.find_first_not_of(blank_bytes, at + member_name.size());
  if (value == std::string_view::npos)
    return {state::cut, 0};
  if (text[value] != ':')
    return {};
  value = text.find_first_not_of(blank_bytes, value + 1);
  if (value == std::string_view::npos)
    return {state::cut, 0};
  if (!begin_alike(text.substr(value), from))
    return {};
  return {text.size() - value < from.size() ? state::cut : state::here, value};
}
} // namespace

void append_renamed(std::string& out, std::string_view text, std::string_view from,
                    std::string_view to) {
  std::size_t done = 0;
  for (auto at = text.find(member_name); at != std::string_view::npos;
       at = text.find(member_name, at)) {
    const bool escaped = at > 0 && text[at - 1] == '\\';
    const auto found = escaped ? member_place{} : member_at(text, at, from);
    at += member_name.size();
    if (found.is != member_place::state::here)
      continue;
    out.append(text.substr(done, found.value - done)).append(to);
    at = done = found.value + from.size();
  }
  out.append(text.substr(done));
}

std::size_t rename_in_place(std::string& text, std::string_view from, std::string_view to) {
  using state = member_place::state;
  const auto longest = member_name.size() + most_blanks + 1 + from.size();
  std::size_t at = 0;
  while ((at = text.find(member_name, at)) != std::string::npos) {
    const bool escaped = at > 0 && text[at - 1] == '\\';
    const auto found = escaped ? member_place{} : member_at(text, at, from);
    if (found.is == state::cut && text.size() - at < longest)
      return at;
    if (found.is == state::here) {
      text.replace(found.value, from.size(), to);
      at = found.value + to.size();
    } else {
      at += member_name.size();
    }
  }
  // The name itself may be cut, or the backslash before it.
  const auto tail = text.size() - std::min(text.size(), member_name.size() - 1);
  for (auto quote = text.find('"', tail); quote != std::string::npos;
       quote = text.find('"', quote + 1)) {
    const bool escaped = quote > 0 && text[quote - 1] == '\\';
    if (!escaped && begin_alike(std::string_view{text}.substr(quote), member_name))
      return quote;
  }
  return text.ends_with('\\') ? text.size() - 1 : text.size();
}

} // namespace synapse::http::openai
