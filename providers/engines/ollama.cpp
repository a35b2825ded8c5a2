// Ollama: what is installed, what is in memory, and what a model can do.
#include "http/core/local_reply.hpp"
#include "providers/model_entry.hpp"
#include "providers/types.hpp"

#include <optional>
#include <utility>

namespace synapse::providers {

namespace {
using config::capability;
namespace detail = http::detail;

/// `a:latest` may be asked for as `a`.
void add_short_name(discovered_model& into) {
  constexpr std::string_view usual = ":latest";
  const std::string_view name = into.name;
  if (name.ends_with(usual))
    add_further(into, name.substr(0, name.size() - usual.size()));
}

/// Any model may be asked for embeddings: that `embedding` is not named says nothing.
void read_ollama_words(const json_array& words, discovered_model& into) {
  if (words.size() == 0)
    return;
  const bool speaks = has_text(words, "completion");
  for (const auto what : {capability::chat, capability::completions})
    say(into, what, speaks);
  say(into, capability::json_schema, speaks);
  say(into, capability::tools, has_text(words, "tools"));
  say(into, capability::vision, has_text(words, "vision"));
  say(into, capability::reasoning, has_text(words, "thinking"));
  if (has_text(words, "embedding"))
    say(into, capability::embeddings, true);
  if (has_text(words, "audio"))
    say(into, capability::audio_in, true);
}

void read_tag(const json_object& from, discovered_model& into) {
  add_short_name(into);
  if (const auto digest = detail::text_member(from, "digest"))
    into.version = digest->substr(0, max_name_bytes);
  if (const auto words = detail::array_member(from, "capabilities"))
    read_ollama_words(*words, into);
  if (const auto details = detail::object_member(from, "details"))
    into.context = tokens_member(*details, "context_length");
}

listing read_tags(std::string_view body) {
  return read_list(body, {{"models"}, {"model", "name"}}, read_tag);
}

std::string body_of_show(std::string_view model) {
  std::string body = R"({"model":)";
  http::append_json_string(body, model);
  return body + "}";
}

std::string read_show(std::string_view body, discovered_model& into) {
  detail::borrowed_parser parser;
  std::string problem;
  const auto root = detail::parse_object(parser, body, max_answer_bytes, problem);
  if (!root)
    return problem;
  const auto words = detail::array_member(*root, "capabilities");
  const auto info = detail::object_member(*root, "model_info");
  if (!words && !info)
    return "its answer says nothing of a model: " + excerpt(body);
  if (words)
    read_ollama_words(*words, into);
  const auto family = info ? detail::text_member(*info, "general.architecture") : std::nullopt;
  if (family && family->size() <= max_name_bytes)
    if (const auto tokens = tokens_member(*info, std::string{*family} + ".context_length");
        tokens != 0)
      into.context = tokens;
  return {};
}

load_reading::entry running_model(const json_object& from, std::string_view name) {
  load_reading::entry entry;
  entry.name = name;
  entry.context = tokens_member(from, "context_length");
  const double most = 1e18;
  const auto size = detail::number_member(from, "size", 0, most, 0);
  entry.partly_offloaded = detail::number_member(from, "size_vram", 0, most, size) < size;
  return entry;
}

load_reading read_running(unsigned status, std::string_view body) {
  load_reading result;
  detail::borrowed_parser parser;
  const auto root = detail::parse_object(parser, body, max_answer_bytes, result.problem);
  const auto models = root ? detail::array_member(*root, "models") : std::nullopt;
  if (status != 200 || !models) {
    if (result.problem.empty())
      result.problem = "its list of loaded models is none: " + excerpt(body);
    return result;
  }
  result.others = presence::cold;
  for (const auto one : *models) {
    json_object entry;
    if (one.get(entry) != simdjson::SUCCESS || result.models.size() == max_models)
      continue;
    auto name = usable_name(entry, "model");
    if (!name)
      name = usable_name(entry, "name");
    if (name)
      result.models.push_back(running_model(entry, *name));
  }
  return result;
}
} // namespace

const descriptor types::ollama{
    .health = {.paths = {"/api/version", "/"}, .judge = judge_by_status},
    .discovery = {.paths = {"/api/tags"}, .read = read_tags},
    .detail = {.path = "/api/show", .body_of = body_of_show, .read = read_show},
    .load = {.path = "/api/ps", .read = read_running},
    .loading_evicts = true,
};

} // namespace synapse::providers
