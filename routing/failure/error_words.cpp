#include "routing/failure/error_words.hpp"

#include <algorithm>
#include <iterator>
#include <span>

namespace synapse::routing {

namespace {

/// `first`, and somewhere after it `then`. Lower case, without backslashes.
struct phrase {
  std::string_view first;
  std::string_view then = {};
  bool alone = false; ///< a whole line, or all that stands in quotes
};

constexpr phrase context_phrases[] = {
    {"exceed_context_size_error"}, // llama.cpp, also within Ollama's
    {"exceeds the available context size"},
    {"context_length_exceeded"}, // OpenAI and many others
    {"maximum context length"},  // OpenAI, vLLM, OpenRouter
    {"exceeds the context window"},
    {"max_tokens must be at least 1, got -"}, // vLLM: the prompt has used up everything
    {"longer than the maximum model length"},
    {"longer than the model's context length"}, // SGLang
    {"prompt is too long"},                     // Anthropic
    {"exceed context limit"},
    {"input length exceeds the context length"}, // Ollama
    {"should not exceed max_seq_len"},           // TensorRT-LLM
    {"exceeds maximum input length"},
    {"must have less than", "tokens"}, // TEI
};
constexpr phrase input_too_large_phrases[] = {{"is too large to process"}};
constexpr phrase validation_phrases[] = {{"validation", {}, true}};
constexpr phrase batch_too_large_phrases[] = {{"batch size"}};
constexpr phrase policy_phrases[] = {
    {"content_policy"},               // OpenAI
    {"content_filter"},               // OpenAI, Azure
    {"responsibleaipolicyviolation"}, // Azure
    {"content management policy"},    // Azure
    {"content filtering policy"},     // Anthropic
    {"violating our usage policy"},   // OpenAI
    {"result of our safety system"},  // OpenAI
};
constexpr phrase moderation_phrases[] = {{"moderation"}, {"was flagged"}, {"content policy"}};
constexpr phrase unpaid_phrases[] = {
    {"insufficient_quota"},        {"exceeded your current quota"}, {"billing_error"},
    {"billing_hard_limit"},        {"billing_not_active"},          {"insufficient credits"},
    {"credit balance is too low"},
};
constexpr phrase unknown_field_phrases[] = {
    {"extra inputs are not permitted"}, // pydantic: TensorRT-LLM, Anthropic
    {"extra_forbidden"},
    {"unknown_parameter"}, // OpenAI
    {"unrecognized request argument"},
};
constexpr phrase incapable_phrases[] = {
    {"does not support chat"},
    {"does not support generate"},
    {"does not support embed"},
    {"cannot read the recording"}, // whisper.cpp, as its dialect reads it
};
constexpr phrase client_object_phrases[] = {
    {"voice file '"}, {"voice '"}, {"reference audio file '"}, {"response with id"}};
constexpr phrase model_missing_phrases[] = {
    {"model_not_found"},
    {"model ", "not found"},        // Ollama, llama.cpp
    {"model ", "does not exist"},   // OpenAI, vLLM
    {"model ", "is not installed"}, // Speaches
    {"model ", "is not supported"},
    {"models/", "is not found"},   // Gemini
    {"not_found_error", "model:"}, // Anthropic
    {"model:", "not_found_error"},
    {"no endpoints found"}, // OpenRouter
    {"not a valid model"},
    {"deploymentnotfound"}, // Azure
};
constexpr phrase not_loaded_phrases[] = {{"model is not loaded"}, {"model is loading"}};
constexpr phrase reloading_phrases[] = {{"file not found (/"}};
constexpr phrase route_missing_phrases[] = {
    {"not found", {}, true},      // FastAPI
    {"file not found", {}, true}, // llama.cpp
    {"404 page not found"},       // Go's
    {"invalid url"},              // OpenAI
    {"unknown request url"},
    {"resource not found"}, // Azure
    {"cannot post "},
};
constexpr phrase out_of_memory_phrases[] = {
    {"out of memory"}, {"requires more system memory"}, {"unable to allocate"}};
constexpr phrase engine_dead_phrases[] = {
    {"enginecore"}, {"enginedead"}, {"background loop has errored"}, {"llm is unavailable"}};
constexpr phrase loading_phrases[] = {{"loading model"},
                                      {"model is loading"},
                                      {"still loading"},
                                      {"currently loading"},
                                      {"model is not loaded"}};
constexpr phrase busy_phrases[] = {{"server busy"}, {"model limit reached"}};
constexpr phrase proxy_page_phrases[] = {{"upstream connect error"}, {"no healthy upstream"}};
constexpr phrase unimplemented_phrases[] = {{"notimplementederror"}};
constexpr phrase rate_limited_phrases[] = {{"rate_limit"}, {"too many requests"}, {"rate limit"}};
constexpr phrase overloaded_phrases[] = {{"overloaded"}, {"server busy"}, {"unavailable_error"}};
constexpr phrase key_refused_phrases[] = {
    {"authentication_error"}, {"invalid_api_key"}, {"authenticationerror"}};
constexpr phrase forbidden_phrases[] = {{"permission_error"}};
constexpr phrase not_found_phrases[] = {{"not_found_error"}, {"notfounderror"}};
constexpr phrase invalid_request_phrases[] = {
    {"invalid_request_error"}, {"badrequesterror"}, {"unprocessableentityerror"}};

using phrases = std::span<const phrase>;

/// In the order of `error_topic`.
constexpr phrases by_topic[] = {
    context_phrases,         input_too_large_phrases, validation_phrases,
    batch_too_large_phrases, policy_phrases,          moderation_phrases,
    unpaid_phrases,          unknown_field_phrases,   incapable_phrases,
    client_object_phrases,   model_missing_phrases,   not_loaded_phrases,
    reloading_phrases,       route_missing_phrases,   out_of_memory_phrases,
    engine_dead_phrases,     loading_phrases,         busy_phrases,
    proxy_page_phrases,      unimplemented_phrases,   rate_limited_phrases,
    overloaded_phrases,      key_refused_phrases,     forbidden_phrases,
    not_found_phrases,       invalid_request_phrases,
};
static_assert(std::size(by_topic) == static_cast<std::size_t>(error_topic::count_));

bool is_edge(char c) noexcept {
  return c == '"' || c == '\n';
}

bool stands_alone(std::string_view text, std::string_view word) noexcept {
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((at == 0 || is_edge(text[at - 1])) && (end == text.size() || is_edge(text[end])))
      return true;
  }
  return false;
}

bool occurs(std::string_view text, const phrase& what) noexcept {
  if (what.alone)
    return stands_alone(text, what.first);
  const auto at = text.find(what.first);
  return at != text.npos && text.find(what.then, at + what.first.size()) != text.npos;
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  const char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// Four hexadecimal digits. @returns '?' for what is not ASCII, nothing else for what is no number
char escaped_unit(std::string_view digits) noexcept {
  if (digits.size() < 4)
    return '?';
  int value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = hex_digit(digits[i]);
    if (digit < 0)
      return '?';
    value = value * 16 + digit;
  }
  return value < 0x80 ? static_cast<char>(value) : '?';
}

} // namespace

void error_words::put(char c) noexcept {
  if (c >= 'A' && c <= 'Z')
    c = static_cast<char>(c + 32);
  if (c == '\t' || c == '\r')
    c = ' ';
  const char last = size_ == 0 ? '\n' : buffer_[size_ - 1];
  if (c == ' ' && (last == ' ' || last == '\n'))
    return;
  if (c == '\n' && last == '\n')
    return;
  buffer_[size_++] = c;
}

error_words::error_words(std::string_view text) noexcept {
  text = text.substr(0, limit);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      put(text[i]);
      continue;
    }
    while (i < text.size() && text[i] == '\\')
      ++i;
    if (i == text.size())
      return;
    if (text[i] == 'n' || text[i] == 'r' || text[i] == 't') {
      put(' ');
    } else if (text[i] == 'u') {
      put(escaped_unit(text.substr(i + 1)));
      i = std::min(i + 4, text.size());
    } else {
      put(text[i]);
    }
  }
}

bool error_words::are_about(error_topic topic) const noexcept {
  const auto place = static_cast<std::size_t>(topic);
  if (place >= std::size(by_topic))
    return false;
  return std::ranges::any_of(by_topic[place],
                             [this](const phrase& what) { return occurs(text(), what); });
}

} // namespace synapse::routing
