#include "http/dialects/chatterbox/answer.hpp"

#include "http/core/json/json_text.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace synapse::http::chatterbox {

using json = nlohmann::ordered_json;

namespace {
/// The first entry of a list; with a key, that of the object which it is. Empty: there is none.
std::string first_text(const json& said, const char* list, const char* key) {
  const auto found = said.is_object() ? said.find(list) : said.end();
  if (found == said.end() || !found->is_array() || found->empty())
    return {};
  const auto& one = (*found)[0];
  if (key != nullptr && (!one.is_object() || !one.contains(key)))
    return {};
  const auto& text = key != nullptr ? one[key] : one;
  return text.is_string() ? text.get<std::string>() : std::string{};
}
} // namespace

reference_receipt read_receipt(unsigned status, std::string body) {
  reference_receipt result;
  result.status = status;
  const auto said = parse_json(body);
  auto name = first_text(said, "uploaded_files", nullptr);
  if (status == 200 && !name.empty()) {
    result.kept_as = std::move(name);
    return result;
  }
  result.body = std::move(body);
  // A 200 may list the file as refused.
  if (const auto fault = first_text(said, "errors", "error"); !fault.empty()) {
    result.body = dump(json{{"detail", fault}});
    result.status = status == 200 ? 400 : status;
  } else if (status / 100 == 2) {
    result.body = "it did not say under which name it keeps the reference";
    result.status = 502;
  }
  return result;
}

} // namespace synapse::http::chatterbox
