#include "providers/model_entry.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace synapse::providers {

namespace {
using config::capability;
namespace detail = http::detail;

constexpr capability kinds_of_requests[] = {
    capability::chat,   capability::completions, capability::responses,    capability::embeddings,
    capability::rerank, capability::speech,      capability::transcription};

std::optional<json_array> entries_of(const json_element& root, const list_form& form,
                                     bool& is_empty) {
  json_array whole;
  if (root.get(whole) == simdjson::SUCCESS)
    return whole;
  json_object object;
  if (root.get(object) != simdjson::SUCCESS)
    return {};
  for (const auto key : form.entries) {
    if (auto found = detail::array_member(object, key))
      return found;
    json_element value;
    is_empty = is_empty || (object[key].get(value) == simdjson::SUCCESS && value.is_null());
  }
  return {};
}

/// Those of an entry that tell for what it takes: text, images, sound.
void read_inputs(const json_object& from, discovered_model& into) {
  const auto architecture = detail::object_member(from, "architecture");
  if (!architecture)
    return;
  const auto inputs = detail::array_member(*architecture, "input_modalities");
  if (!inputs || inputs->size() == 0)
    return;
  say(into, capability::vision, has_text(*inputs, "image"));
  say(into, capability::audio_in, has_text(*inputs, "audio"));
}

/// What the fields of its requests may be (OpenRouter).
void read_parameters(const json_object& from, discovered_model& into) {
  const auto fields = detail::array_member(from, "supported_parameters");
  if (!fields || fields->size() == 0)
    return;
  say(into, capability::tools, has_text(*fields, "tools"));
  say(into, capability::json_schema, has_text(*fields, "structured_outputs"));
  say(into, capability::reasoning, has_text(*fields, "reasoning"));
}

/// An object with a flag for each (Mistral).
void read_flags(const json_object& from, discovered_model& into) {
  const auto flags = detail::object_member(from, "capabilities");
  if (!flags)
    return;
  constexpr std::pair<std::string_view, capability> known[] = {
      {"completion_chat", capability::chat},
      {"function_calling", capability::tools},
      {"vision", capability::vision},
      {"reasoning", capability::reasoning}};
  for (const auto& [key, what] : known)
    if (const auto flag = flag_member(*flags, key))
      say(into, what, *flag);
}

std::size_t context_in(const json_object& from) {
  for (const std::string_view key : {"max_model_len", "context_length", "max_context_length",
                                     "context_window", "max_input_tokens"})
    if (const auto tokens = tokens_member(from, key); tokens != 0)
      return tokens;
  const auto meta = detail::object_member(from, "meta");
  return meta ? tokens_member(*meta, "n_ctx") : 0;
}
} // namespace

// ---- lists ----

listing read_list(std::string_view body, const list_form& form, entry_reader read) {
  listing result;
  if (body.size() > max_answer_bytes) {
    result.problem = "its list of models exceeds " + std::to_string(max_answer_bytes) + " bytes";
    return result;
  }
  detail::borrowed_parser parser;
  json_element root;
  bool is_empty = false;
  std::optional<json_array> entries;
  if (parser.parse(body, false, root) == simdjson::SUCCESS)
    entries = entries_of(root, form, is_empty);
  if (!entries) {
    if (!is_empty)
      result.problem = "its list of models is none: " + excerpt(body);
    return result;
  }
  std::unordered_set<std::string_view> seen;
  for (const auto one : *entries) {
    json_object entry;
    std::optional<std::string_view> name;
    if (one.get(entry) == simdjson::SUCCESS)
      for (auto key = form.names.begin(); key != form.names.end() && !name; ++key)
        name = usable_name(entry, *key);
    if (!name || result.models.size() == max_models || !seen.insert(*name).second) {
      ++result.omitted;
      continue;
    }
    result.models.emplace_back().name = *name;
    read(entry, result.models.back());
  }
  if (result.models.empty() && result.omitted != 0)
    result.problem = "its list of models has none with a name: " + excerpt(body);
  return result;
}

listing read_openai_list(std::string_view body) {
  return read_list(body, {{"data", "models"}, {"id", "name"}}, read_openai_entry);
}

void read_openai_entry(const json_object& from, discovered_model& into) {
  into.context = context_in(from);
  if (const auto aliases = detail::array_member(from, "aliases"))
    for (const auto one : *aliases)
      if (std::string_view name; one.get(name) == simdjson::SUCCESS)
        add_further(into, name);
  read_inputs(from, into);
  read_parameters(from, into);
  read_flags(from, into);
}

// ---- names ----

bool is_usable_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= max_name_bytes &&
         std::none_of(name.begin(), name.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::optional<std::string_view> usable_name(const json_object& from, std::string_view key) {
  const auto name = detail::text_member(from, key);
  return name && is_usable_name(*name) ? name : std::nullopt;
}

void add_further(discovered_model& into, std::string_view name) {
  if (is_usable_name(name) && name != into.name && into.further.size() < max_further_names &&
      std::find(into.further.begin(), into.further.end(), name) == into.further.end())
    into.further.emplace_back(name);
}

// ---- values ----

std::size_t tokens_of(const json_element& value) {
  double number = 0;
  if (value.get(number) != simdjson::SUCCESS || !(number >= 1))
    return 0;
  return static_cast<std::size_t>(std::min(number, static_cast<double>(max_context)));
}

std::size_t tokens_member(const json_object& from, std::string_view key) {
  json_element value;
  return from[key].get(value) == simdjson::SUCCESS ? tokens_of(value) : 0;
}

std::optional<bool> flag_member(const json_object& from, std::string_view key) {
  bool flag = false;
  return from[key].get(flag) == simdjson::SUCCESS ? std::optional{flag} : std::nullopt;
}

bool has_text(const json_array& list, std::string_view text) {
  for (const auto one : list)
    if (std::string_view value; one.get(value) == simdjson::SUCCESS && value == text)
      return true;
  return false;
}

// ---- capabilities ----

void say(discovered_model& of, capability what, bool yes) noexcept {
  const auto bit = config::capability_set::bit(what);
  auto& in = yes ? of.capabilities.yes : of.capabilities.no;
  auto& out = yes ? of.capabilities.no : of.capabilities.yes;
  in = static_cast<std::uint16_t>(in | bit);
  out = static_cast<std::uint16_t>(out & ~bit);
}

void say_only(discovered_model& of, std::initializer_list<capability> kinds) noexcept {
  for (const auto kind : kinds_of_requests)
    say(of, kind, std::find(kinds.begin(), kinds.end(), kind) != kinds.end());
}

std::string excerpt(std::string_view body) {
  return std::string{detail::shortened(body, 200)};
}

} // namespace synapse::providers
