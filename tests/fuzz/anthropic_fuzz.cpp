#include "http/core/json/json_body.hpp"
#include "http/dialects/anthropic/completion_answer.hpp"
#include "http/dialects/anthropic/completion_events.hpp"
#include "http/dialects/anthropic/errors.hpp"
#include "http/dialects/anthropic/message_answer.hpp"
#include "http/dialects/anthropic/message_events.hpp"
#include "http/dialects/anthropic/request.hpp"
#include "tests/fuzz/fuzz_targets.hpp"
#include "tests/http/core/support.hpp"
#include "tests/http/dialects/translated.hpp"

#include <nlohmann/json.hpp>

namespace synapse::fuzz {

using namespace synapse::http;

namespace {
const anthropic::answer_names fuzz_names{"msg_1", 1, "m"};

void check_request(std::string_view body, const anthropic::made_or_unfit& made) {
  // Of anything else it is enough to have stayed within the bytes.
  if (!inspect_json(body).ok())
    return;
  if (const auto* why = std::get_if<unfit>(&made)) {
    SYNAPSE_FUZZ_CHECK(!why->field.empty() && !why->message.empty());
    return;
  }
  const auto& good = std::get<anthropic::made_request>(made);
  SYNAPSE_FUZZ_CHECK(nlohmann::json::accept(good.body));
}

void check_whole(answer_translator& translator, std::string_view text) {
  const auto said = translate(translator, "Content-Type: application/json\r\n", text);
  SYNAPSE_FUZZ_CHECK(said.problem.empty() == !said.text.empty());
  SYNAPSE_FUZZ_CHECK(said.text.empty() || nlohmann::json::accept(said.text));
}

template <class Answer, class... Arguments>
void check_events(std::string_view text, std::string_view end, Arguments... arguments) {
  constexpr std::string_view type = "Content-Type: text/event-stream\r\n";
  Answer whole{fuzz_names, arguments...};
  const auto at_once = translate(whole, type, text);
  // A good end has its mark, and nothing else has it.
  SYNAPSE_FUZZ_CHECK(at_once.problem.empty() == at_once.text.ends_with(end));
  Answer other{fuzz_names, arguments...};
  const auto slowly = translate(other, type, text, 1 + text.size() % 5);
  SYNAPSE_FUZZ_CHECK(at_once.text == slowly.text && at_once.problem == slowly.problem);
}
} // namespace

int try_anthropic(const std::uint8_t* data, std::size_t size) {
  const test::exact_copy bytes({reinterpret_cast<const char*>(data), size});
  const std::string_view text(bytes.begin(), size);
  check_request(text, anthropic::messages_request_to_chat(text));
  check_request(text, anthropic::count_request_to_chat(text));
  check_request(text, anthropic::chat_request_to_messages(text, {"m", 4096, size % 2 == 0}));
  anthropic::message_answer message{fuzz_names};
  check_whole(message, text);
  anthropic::completion_answer completion{fuzz_names};
  check_whole(completion, text);
  constexpr std::size_t most = 1 << 20;
  check_events<anthropic::message_events>(text, "data: {\"type\":\"message_stop\"}\n\n", most);
  check_events<anthropic::completion_events>(text, "data: [DONE]\n\n", true, most);
  std::string error;
  anthropic::append_error_of(error, 500, text, "r");
  SYNAPSE_FUZZ_CHECK(nlohmann::json::accept(error));
  SYNAPSE_FUZZ_CHECK(nlohmann::json::accept(anthropic::openai_error_of(text)));
  return 0;
}

} // namespace synapse::fuzz

SYNAPSE_FUZZ_ENTRY(try_anthropic)
