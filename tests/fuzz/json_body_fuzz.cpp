#include "http/core/json/json_body.hpp"
#include "http/core/local_reply.hpp"
#include "tests/fuzz/fuzz_targets.hpp"
#include "tests/http/core/support.hpp"

#include <nlohmann/json.hpp>

namespace synapse::fuzz {

using namespace synapse::http;

int try_json_body(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const test::exact_copy bytes(text);
  const json_inspection exact = inspect_json({bytes.begin(), size});
  std::string padded(text);
  padded.append(json_padding, '}');
  const json_inspection other = inspect_padded_json(std::string_view(padded).substr(0, size));
  SYNAPSE_FUZZ_CHECK(exact.error == other.error && exact.model == other.model);
  SYNAPSE_FUZZ_CHECK(exact.stream == other.stream && exact.offset <= size);
  SYNAPSE_FUZZ_CHECK(exact.ok() == exact.message.empty());
  if (exact.ok())
    SYNAPSE_FUZZ_CHECK(nlohmann::json::accept(text));
  // Any text can be quoted, and what it becomes is JSON.
  std::string quoted;
  append_json_string(quoted, text);
  SYNAPSE_FUZZ_CHECK(nlohmann::json::accept(quoted));
  return 0;
}

} // namespace synapse::fuzz

SYNAPSE_FUZZ_ENTRY(try_json_body)
