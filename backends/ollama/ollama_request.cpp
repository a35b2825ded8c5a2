#include "backends/ollama/ollama_request.hpp"

#include "backends/standin/standin_service.hpp"
#include "backends/text/tokenizer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace synapse::backends {

namespace {

constexpr std::int64_t largest_ctx = 1 << 24;
constexpr double longest_keep_seconds = 1e9;

[[noreturn]] void refuse_ollama(std::string text) {
  throw standin_problem{400, std::move(text), {}, {}};
}

bool boolean_member(const json& body, const char* name, bool fallback) {
  auto found = body.find(name);
  if (found == body.end() || found->is_null())
    return fallback;
  if (!found->is_boolean())
    refuse_ollama(std::string("json: cannot unmarshal into field .") + name + " of type bool");
  return found->get<bool>();
}

json options_of(const json& body) {
  auto found = body.find("options");
  if (found == body.end() || found->is_null())
    return json::object();
  if (!found->is_object())
    refuse_ollama("json: cannot unmarshal into field .options of type map[string]interface {}");
  return *found;
}

std::optional<std::int64_t> integer_option(const json& options, const char* name) {
  auto found = options.find(name);
  if (found == options.end() || found->is_null())
    return std::nullopt;
  if (!found->is_number())
    refuse_ollama(std::string("option \"") + name + "\" must be of type integer");
  auto value = found->get<double>();
  return static_cast<std::int64_t>(std::clamp(value, -1e12, 1e12));
}

// The options in the words of llama.cpp, which the shared parser knows.
void move_options(const json& body, json& into) {
  auto options = options_of(body);
  if (auto most = integer_option(options, "num_predict"); most && *most >= 0)
    into["max_tokens"] = *most;
  if (options.contains("stop"))
    into["stop"] = options["stop"];
  auto format = body.value("format", json());
  if (format == "json")
    into["response_format"] = {{"type", "json_object"}};
  else if (format.is_object())
    into["response_format"] = {{"type", "json_schema"}, {"json_schema", {{"schema", format}}}};
  else if (!format.is_null() && format != "")
    refuse_ollama("invalid format: expected \"json\" or a JSON schema");
}

void check_image(const json& image) {
  if (!image.is_string())
    refuse_ollama("json: cannot unmarshal into field .images of type api.ImageData");
  const auto& text = image.get_ref<const std::string&>();
  auto odd = std::find_if(text.begin(), text.end(), [](unsigned char c) {
    return !std::isalnum(c) && c != '+' && c != '/' && c != '=';
  });
  if (text.size() % 4 != 0 || odd != text.end())
    refuse_ollama("illegal base64 data at input byte " + std::to_string(odd - text.begin()));
}

void check_images(const json& holder) {
  auto images = holder.find("images");
  if (images == holder.end() || images->is_null())
    return;
  if (!images->is_array())
    refuse_ollama("json: cannot unmarshal into field .images of type []api.ImageData");
  for (const auto& each : *images)
    check_image(each);
}

json ollama_message(const json& message) {
  static constexpr std::array roles{"system", "user", "assistant", "tool"};
  if (!message.is_object())
    refuse_ollama("json: cannot unmarshal into field .messages of type api.Message");
  auto role = value_or<std::string>(message, "role", "");
  if (std::find(roles.begin(), roles.end(), role) == roles.end())
    refuse_ollama("invalid role: " + role);
  if (message.contains("content") && !message["content"].is_string())
    refuse_ollama("json: cannot unmarshal into field .messages.content of type string");
  check_images(message);
  json out = {{"role", role}, {"content", message.value("content", json(""))}};
  if (!message.contains("tool_calls") || !message["tool_calls"].is_array())
    return out;
  for (const auto& call : message["tool_calls"]) {
    auto function = call.is_object() ? call.value("function", json()) : json();
    if (!function.is_object() || !function.value("arguments", json::object()).is_object())
      refuse_ollama("json: cannot unmarshal string into Go struct field "
                    ".messages.tool_calls.function.arguments");
  }
  out["tool_calls"] = message["tool_calls"];
  return out;
}

std::size_t template_tokens(const std::vector<turn>& conversation) {
  return tokenize(apply_template(conversation)).size();
}

} // namespace

std::optional<std::chrono::milliseconds> parse_keep_alive(const json& value) {
  using std::chrono::milliseconds;
  constexpr milliseconds for_ever{-1};
  if (value.is_number()) {
    auto seconds = value.get<double>();
    if (std::isnan(seconds))
      return std::nullopt;
    return seconds < 0 ? for_ever
                       : milliseconds(std::llround(std::min(seconds, longest_keep_seconds) * 1000));
  }
  if (!value.is_string())
    return std::nullopt;
  static constexpr std::array<std::pair<std::string_view, double>, 4> units{
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
  std::string_view text = value.get_ref<const std::string&>();
  bool negative = text.starts_with('-');
  text.remove_prefix(negative ? 1 : 0);
  if (text == "0")
    return milliseconds(0);
  double sum = 0;
  bool any = false;
  while (!text.empty()) {
    double count = 0;
    auto [end, code] =
        std::from_chars(text.data(), text.data() + text.size(), count, std::chars_format::fixed);
    if (code != std::errc{} || !(count >= 0))
      return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    auto unit = std::find_if(units.begin(), units.end(),
                             [&](const auto& each) { return text.starts_with(each.first); });
    if (unit == units.end())
      return std::nullopt;
    sum += count * unit->second;
    text.remove_prefix(unit->first.size());
    any = true;
  }
  if (!any)
    return std::nullopt;
  return negative && sum > 0
             ? for_ever
             : milliseconds(std::llround(std::min(sum, longest_keep_seconds * 1e3)));
}

ollama_settings parse_ollama_settings(const json& body, std::size_t usual_ctx) {
  ollama_settings out;
  out.stream = boolean_member(body, "stream", true);
  out.truncate = boolean_member(body, "truncate", true);
  out.shift = boolean_member(body, "shift", true);
  out.num_ctx = usual_ctx;
  if (auto wanted = integer_option(options_of(body), "num_ctx"); wanted && *wanted > 0)
    out.num_ctx = static_cast<std::size_t>(std::clamp<std::int64_t>(*wanted, 4, largest_ctx));
  auto think = body.value("think", json());
  if (think.is_boolean())
    out.think = think.get<bool>();
  else if (think == "low" || think == "medium" || think == "high" || think == "max")
    out.think = true;
  else if (!think.is_null())
    refuse_ollama("think must be a boolean or one of \"high\", \"medium\", \"low\", \"max\"");
  if (auto keep = body.find("keep_alive"); keep != body.end() && !keep->is_null()) {
    out.keep_alive = parse_keep_alive(*keep);
    if (!out.keep_alive)
      refuse_ollama("time: invalid duration " + dump(*keep));
  }
  return out;
}

chat_request parse_ollama_chat(const json& body) {
  json plain = {{"model", value_or<std::string>(body, "model", "")}};
  plain["messages"] = json::array();
  auto messages = body.find("messages");
  if (messages != body.end() && !messages->is_null()) {
    if (!messages->is_array())
      refuse_ollama("json: cannot unmarshal into field .messages of type []api.Message");
    for (const auto& each : *messages)
      plain["messages"].push_back(ollama_message(each));
  }
  if (body.contains("tools"))
    plain["tools"] = body["tools"];
  move_options(body, plain);
  if (plain["messages"].empty())
    return {};
  return parse_chat(plain, 1);
}

chat_request parse_ollama_generate(const json& body) {
  auto text = [&](const char* name) {
    auto found = body.find(name);
    if (found != body.end() && !found->is_null() && !found->is_string())
      refuse_ollama(std::string("json: cannot unmarshal into field .") + name + " of type string");
    return value_or<std::string>(body, name, "");
  };
  auto prompt = text("prompt");
  check_images(body);
  if (prompt.empty())
    return {};
  json plain = {{"model", text("model")}, {"messages", json::array()}};
  if (auto system = text("system"); !system.empty())
    plain["messages"].push_back({{"role", "system"}, {"content", system}});
  plain["messages"].push_back({{"role", "user"}, {"content", prompt}});
  move_options(body, plain);
  return parse_chat(plain, 1);
}

std::size_t fit_conversation(std::vector<turn>& conversation, std::size_t num_ctx) {
  auto tokens = template_tokens(conversation);
  // Each turn is counted once: a long conversation must not be read as often as it has turns.
  for (std::size_t at = 0; tokens > num_ctx && at + 1 < conversation.size();) {
    if (conversation[at].role == "system") {
      ++at;
      continue;
    }
    tokens -= std::min(tokens, template_tokens({conversation[at]}) - template_tokens({}));
    conversation.erase(conversation.begin() + static_cast<std::ptrdiff_t>(at));
  }
  tokens = template_tokens(conversation);
  if (tokens <= num_ctx || conversation.empty())
    return tokens;
  auto pieces = tokenize(conversation.back().text);
  auto surplus = std::min(tokens - num_ctx, pieces.size());
  conversation.back().text.clear();
  for (auto at = surplus; at < pieces.size(); ++at)
    conversation.back().text += pieces[at].piece;
  return std::min(tokens, num_ctx);
}

} // namespace synapse::backends
