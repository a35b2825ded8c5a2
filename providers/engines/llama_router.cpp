// A llama.cpp server in router mode: its list of models says which are loaded.
#include "providers/model_entry.hpp"
#include "providers/types.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace synapse::providers {

namespace {
namespace detail = http::detail;

presence presence_of(std::string_view status) {
  // One that sleeps wakes up by itself with the next request.
  if (status == "loaded" || status == "sleeping")
    return presence::loaded;
  return status == "loading" ? presence::loading : presence::cold;
}

std::size_t number_in(std::string_view text) {
  std::size_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size()
             ? std::min(value, max_context)
             : 0;
}

/// The value of the last `--ctx-size`; 0: there is none, or as the model says.
std::size_t context_in_arguments(const json_array& arguments) {
  constexpr std::string_view with_value = "--ctx-size=";
  std::size_t found = 0;
  bool is_next = false;
  for (const auto one : arguments) {
    std::string_view text;
    if (one.get(text) != simdjson::SUCCESS)
      continue;
    if (is_next)
      found = number_in(text);
    else if (text.starts_with(with_value))
      found = number_in(text.substr(with_value.size()));
    is_next = text == "--ctx-size" || text == "-c";
  }
  return found;
}

/// `base` of base-00001-of-00003, a model in several files; nothing for other names.
std::optional<std::string_view> base_of_parts(std::string_view name) {
  constexpr std::size_t digits = 5;
  constexpr std::string_view of = "-of-";
  constexpr std::size_t ending = 1 + digits + of.size() + digits;
  if (name.size() <= ending)
    return {};
  const auto tail = name.substr(name.size() - ending);
  const auto are_digits = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (tail[0] != '-' || !are_digits(tail.substr(1, digits)) ||
      tail.substr(1 + digits, of.size()) != of || !are_digits(tail.substr(ending - digits)))
    return {};
  return name.substr(0, name.size() - ending);
}

void read_router_entry(const json_object& from, discovered_model& into) {
  read_openai_entry(from, into);
  if (const auto base = base_of_parts(into.name))
    add_further(into, *base);
  const auto status = detail::object_member(from, "status");
  if (!status)
    return;
  into.memory = presence_of(detail::text_member(*status, "value").value_or(""));
  const auto arguments = detail::array_member(*status, "args");
  const auto tokens = arguments ? context_in_arguments(*arguments) : 0;
  if (tokens != 0)
    into.context = tokens;
}

listing read_router_list(std::string_view body) {
  return read_list(body, {{"data"}, {"id"}}, read_router_entry);
}
} // namespace

const descriptor types::llama_router{
    .health = {.paths = {"/health"}, .judge = judge_by_status},
    .discovery = {.paths = {"/models", "/v1/models"},
                  .read = read_router_list,
                  .every = usual_pace},
    .loading_evicts = true,
};

} // namespace synapse::providers
