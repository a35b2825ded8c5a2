#include "backends/llama/base64.hpp"
#include "backends/llama/tokens_api.hpp"
#include "backends/standin/openai_form.hpp"
#include "backends/standin/standin_service.hpp"
#include "backends/text/embedding_model.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace synapse::backends {

namespace {

constexpr std::size_t most_embedding_inputs = 2048;

std::string float_bytes(const std::vector<float>& values) {
  std::string out;
  out.reserve(values.size() * 4);
  for (auto value : values) {
    auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8)
      out += static_cast<char>((bits >> shift) & 0xFF);
  }
  return out;
}

std::vector<prompt_input> embedding_inputs(const json& body, bool token_ids) {
  if (!body.contains("input") || body["input"].is_null())
    throw standin_problem{400, "invalid input", "input", {}};
  const auto& input = body["input"];
  bool texts = input.is_string() ||
               (input.is_array() && std::all_of(input.begin(), input.end(),
                                                [](const json& each) { return each.is_string(); }));
  if ((!texts && !token_ids) || (input.is_array() && input.size() > most_embedding_inputs))
    throw standin_problem{400, "invalid input type", "input", {}};
  if (input.is_array() && input.empty())
    return {};
  std::vector<prompt_input> out;
  if (!texts)
    return parse_prompts(input);
  for (const auto& each : input.is_array() ? input : json::array({input}))
    out.push_back(parse_prompts(each).front());
  return out;
}

} // namespace

json openai_embeddings(const json& body, bool token_ids, std::size_t limit) {
  auto format = value_or<std::string>(body, "encoding_format", "float");
  if (format != "float" && format != "base64")
    throw standin_problem{400, "encoding_format must be float or base64", "encoding_format", {}};
  auto wanted = value_or<std::int64_t>(body, "dimensions", embedding_model::dimensions);
  if (wanted < 1 || wanted > static_cast<std::int64_t>(embedding_model::dimensions))
    throw standin_problem{400, "dimensions must be from 1 to 384", "dimensions", {}};
  json data = json::array();
  std::size_t tokens = 0;
  for (const auto& each : embedding_inputs(body, token_ids)) {
    if (limit > 0 && each.tokens > limit)
      throw standin_problem{400,
                            "This model's maximum context length is " + std::to_string(limit) +
                                " tokens. However, you requested " + std::to_string(each.tokens) +
                                " tokens in the input for embedding generation. Please reduce the "
                                "length of the input.",
                            {},
                            {}};
    auto vector = embedding_model{}.embed(each.text);
    vector.resize(static_cast<std::size_t>(wanted));
    normalize(vector, 2);
    json value = format == "base64" ? json(base64_encode(float_bytes(vector))) : json(vector);
    data.push_back(
        {{"object", "embedding"}, {"index", data.size()}, {"embedding", std::move(value)}});
    tokens += each.tokens;
  }
  return {{"object", "list"},
          {"data", std::move(data)},
          {"model", value_or<std::string>(body, "model", "")},
          {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}}};
}

} // namespace synapse::backends
