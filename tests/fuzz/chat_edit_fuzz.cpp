#include "http/core/json/json_body.hpp"
#include "http/dialects/openai/chat_edit.hpp"
#include "tests/fuzz/fuzz_targets.hpp"
#include "tests/http/core/support.hpp"
#include "tests/http/dialects/openai/chat_edit_reference.hpp"

namespace synapse::fuzz {

using namespace synapse::http;

int try_chat_edit(const std::uint8_t* data, std::size_t size) {
  const test::exact_copy bytes({reinterpret_cast<const char*>(data), size});
  const std::string_view body(bytes.begin(), size);
  const auto view = scan_chat(body);
  std::string text;
  append_user_text(body, view, text);
  const auto edits = test::edits_of(static_cast<unsigned>(size) * 31 % test::all_edit_bits);
  const auto edited = apply_edits(body, view, edits);
  // Of anything else it is enough to have stayed within the bytes.
  if (!inspect_json(body).ok())
    return 0;
  const auto document = nlohmann::json::parse(body);
  SYNAPSE_FUZZ_CHECK(text == test::reference_user_text(document));
  SYNAPSE_FUZZ_CHECK(inspect_json(edited).ok());
  SYNAPSE_FUZZ_CHECK(nlohmann::json::parse(edited) == test::reference_edit(document, edits));
  SYNAPSE_FUZZ_CHECK(apply_edits(body, view, {}) == body);
  return 0;
}

} // namespace synapse::fuzz

SYNAPSE_FUZZ_ENTRY(try_chat_edit)
