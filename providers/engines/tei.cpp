// Text Embeddings Inference: one model, for vectors or for ranks.
#include "providers/model_entry.hpp"
#include "providers/types.hpp"

#include <optional>

namespace synapse::providers {

namespace {
using config::capability;
namespace detail = http::detail;

/// An object with one member, or in older ones its name.
void read_tei_kind(const json_object& from, discovered_model& into) {
  const auto word = detail::text_member(from, "model_type").value_or("");
  const auto object = detail::object_member(from, "model_type");
  const auto is = [&](std::string_view what) {
    json_element ignored;
    return word == what || (object && (*object)[what].get(ignored) == simdjson::SUCCESS);
  };
  if (is("embedding"))
    say_only(into, {capability::embeddings});
  else if (is("reranker"))
    say_only(into, {capability::rerank});
  else if (is("classifier"))
    say_only(into, {});
}

listing read_tei_info(std::string_view body) {
  listing result;
  detail::borrowed_parser parser;
  const auto root = detail::parse_object(parser, body, max_answer_bytes, result.problem);
  if (!root)
    return result;
  const auto id = usable_name(*root, "model_id");
  const auto served = usable_name(*root, "served_model_name");
  if (!id && !served) {
    result.problem = "its answer names no model: " + excerpt(body);
    return result;
  }
  auto& model = result.models.emplace_back();
  model.name = served ? *served : *id;
  if (id)
    add_further(model, *id);
  model.context = tokens_member(*root, "max_input_length");
  model.memory = presence::loaded;
  read_tei_kind(*root, model);
  return result;
}
} // namespace

const descriptor types::tei{
    .health = {.paths = {"/health"}, .judge = judge_by_status},
    .discovery = {.paths = {"/info"}, .read = read_tei_info},
};

} // namespace synapse::providers
