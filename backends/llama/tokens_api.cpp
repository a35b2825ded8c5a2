#include "backends/llama/tokens_api.hpp"

#include "backends/text/tokenizer.hpp"

#include <algorithm>

namespace synapse::backends {

namespace {

prompt_input from_text(std::string text) {
  auto count = tokenize(text).size();
  return {std::move(text), count};
}

std::string text_of_id(const json& id) {
  auto piece = piece_of(id.get<std::int64_t>());
  if (!piece)
    throw api_error{error_type::invalid_request, "Prompt contains invalid tokens"};
  return *piece;
}

prompt_input from_mixed(const json& parts) {
  prompt_input out;
  for (const auto& part : parts) {
    if (part.is_string()) {
      auto text = part.get<std::string>();
      out.tokens += tokenize(text).size();
      out.text += text;
    } else {
      out.text += text_of_id(part);
      ++out.tokens;
    }
  }
  return out;
}

} // namespace

std::vector<prompt_input> parse_prompts(const json& value) {
  auto integer = [](const json& each) { return each.is_number_integer(); };
  std::vector<prompt_input> out;
  if (value.is_string()) {
    out.push_back(from_text(value.get<std::string>()));
  } else if (value.is_array() && std::any_of(value.begin(), value.end(), integer)) {
    bool fits = std::all_of(value.begin(), value.end(),
                            [&](const json& each) { return each.is_string() || integer(each); });
    if (fits)
      out.push_back(from_mixed(value));
  } else if (value.is_array()) {
    for (const auto& each : value)
      for (auto& prompt : parse_prompts(each))
        out.push_back(std::move(prompt));
  }
  if (out.empty())
    throw api_error{error_type::invalid_request,
                    "\"prompt\" elements must be a string, a list of tokens, a list of mixed "
                    "strings & tokens, or a list of prompts"};
  return out;
}

json tokenize_route(const request& in) {
  auto body = parse_body(in);
  json tokens = json::array();
  bool with_pieces = value_or(body, "with_pieces", false);
  if (body.contains("content") && !body["content"].is_null()) {
    auto content = body["content"].is_string() ? body["content"].get<std::string>()
                                               : parse_prompts(body["content"]).front().text;
    for (auto& each : tokenize(content)) {
      if (with_pieces)
        tokens.push_back({{"id", each.id}, {"piece", std::move(each.piece)}});
      else
        tokens.push_back(each.id);
    }
  }
  return {{"tokens", std::move(tokens)}};
}

json detokenize_route(const request& in) {
  auto body = parse_body(in);
  std::string content;
  for (const auto& each : body.value("tokens", json::array()))
    content += text_of_id(each);
  return {{"content", std::move(content)}};
}

} // namespace synapse::backends
