// A chat, but for its messages, in the words of the Messages API.
#include "http/core/local_reply.hpp"
#include "http/dialects/anthropic/from_chat_messages.hpp"

#include <algorithm>

namespace synapse::http::anthropic {

namespace {
using detail::named_value;
using detail::says;
using detail::value_in;

/// What is looked at, and what changes nothing about an answer or is the gateway's.
constexpr std::array<std::string_view, 36> chat_members{"model",
                                                        "messages",
                                                        "max_tokens",
                                                        "max_completion_tokens",
                                                        "temperature",
                                                        "top_p",
                                                        "top_k",
                                                        "stop",
                                                        "stream",
                                                        "stream_options",
                                                        "tools",
                                                        "tool_choice",
                                                        "user",
                                                        "reasoning_effort",
                                                        "reasoning",
                                                        "parallel_tool_calls",
                                                        "thinking",
                                                        "response_format",
                                                        "n",
                                                        "audio",
                                                        "modalities",
                                                        "functions",
                                                        "function_call",
                                                        "web_search_options",
                                                        "logprobs",
                                                        "top_logprobs",
                                                        "logit_bias",
                                                        "frequency_penalty",
                                                        "seed",
                                                        "presence_penalty",
                                                        "prediction",
                                                        "service_tier",
                                                        "store",
                                                        "verbosity",
                                                        "synapse",
                                                        "metadata"};
constexpr std::array<std::string_view, 3> silent_chat_members{
    "prompt_cache_key", "prompt_cache_retention", "safety_identifier"};

struct thinking_effort {
  std::string_view asked;
  std::string_view native; ///< empty: not at all
  std::int64_t budget;     ///< tokens, for older models
};
constexpr std::array thinking_efforts{
    thinking_effort{"none", "", 0},         thinking_effort{"minimal", "low", 1024},
    thinking_effort{"low", "low", 2048},    thinking_effort{"medium", "medium", 8192},
    thinking_effort{"high", "high", 16384}, thinking_effort{"xhigh", "xhigh", 32768},
    thinking_effort{"max", "max", 32768}};
constexpr std::int64_t least_budget = 1024; // fewer are refused there

class native_maker {
public:
  native_maker(std::string_view body, const call_settings& settings)
      : to_(body), settings_(settings) {}

  made_or_unfit make() {
    std::array<std::string_view, chat_members.size() + silent_chat_members.size()> known;
    std::copy(silent_chat_members.begin(), silent_chat_members.end(),
              std::copy(chat_members.begin(), chat_members.end(), known.begin()));
    to_.lose_unknown(known);
    to_.lose_said({"logprobs", "top_logprobs", "logit_bias", "frequency_penalty",
                   "presence_penalty", "seed", "prediction", "service_tier", "store", "verbosity"});
    append_json_string(to_.add("model"), settings_.model);
    bool stream = false;
    if (can_be_given() && to_.read("stream", stream) && native_message_writer{to_}.write() &&
        add_tools() && add_tool_choice() && read_limit() && add_thinking() && add_format() &&
        add_rest()) {
      to_.add("max_tokens") += std::to_string(limit_);
      if (stream)
        to_.add("stream") += "true";
    }
    return to_.finish(stream, value_in(to_["stream_options"], "include_usage") == "true");
  }

private:
  bool can_be_given() {
    if (!to_["n"].empty() && detail::integer_of(to_["n"]) != 1)
      return to_.refuse("n", "has to be 1: this backend gives one answer at a time");
    for (const std::string_view name : {"audio", "web_search_options"})
      if (!to_[name].empty())
        return to_.refuse(std::string{name}, "is not what this backend can give");
    for (const std::string_view name : {"functions", "function_call"})
      if (detail::is_said(to_[name]))
        return to_.refuse(std::string{name}, "is no longer known: use tools and tool_choice");
    const auto modalities = to_["modalities"];
    if ((!modalities.empty() && !modalities.starts_with('[')) ||
        !detail::each_of(modalities, [](auto one) { return says(one, "text"); }))
      return to_.refuse("modalities", "has to be a list of text alone");
    return true;
  }

  bool add_tools() {
    const auto tools = to_["tools"];
    if (!tools.empty() && !tools.starts_with('['))
      return to_.refuse("tools", "has to be a list");
    has_tools_ = detail::is_said(tools);
    if (!has_tools_)
      return true;
    auto& out = to_.add("tools") += '[';
    std::size_t index = 0;
    if (!detail::each_of(tools, [&](auto one) { return add_tool(out, one, index++); }))
      return false;
    out += ']';
    return true;
  }

  bool add_tool(std::string& out, std::string_view tool, std::size_t index) {
    std::string_view name, description, parameters, strict;
    const auto function = value_in(tool, "function");
    detail::find_members(function, std::array{named_value{"name", &name},
                                              named_value{"description", &description},
                                              named_value{"parameters", &parameters},
                                              named_value{"strict", &strict}});
    const auto place = detail::indexed("tools", index);
    if (!says(value_in(tool, "type"), "function"))
      return to_.refuse(place + ".type", "has to be function");
    if (!function.starts_with('{'))
      return to_.refuse(place + ".function", "has to be an object");
    if (!detail::is_text(name))
      return to_.refuse(place + ".function.name", "has to be a string that is not empty");
    if (!description.empty() && !description.starts_with('"'))
      return to_.refuse(place + ".function.description", "has to be a string");
    if (!parameters.empty() && !parameters.starts_with('{'))
      return to_.refuse(place + ".function.parameters", "has to be an object");
    (out += index > 0 ? ",{\"name\":" : "{\"name\":") += name;
    if (!description.empty())
      (out += ",\"description\":") += description;
    (out += ",\"input_schema\":") +=
        parameters.empty() ? std::string_view{R"({"type":"object","properties":{}})"} : parameters;
    if (strict == "true" || strict == "false")
      (out += ",\"strict\":") += strict;
    out += '}';
    return true;
  }

  bool add_tool_choice() {
    const auto choice = to_["tool_choice"];
    bool parallel = true;
    if (!to_.read("parallel_tool_calls", parallel))
      return false;
    std::string native = R"({"type":"auto")";
    if (says(choice, "required"))
      native = R"({"type":"any")";
    else if (says(choice, "none"))
      native = R"({"type":"none")";
    else if (choice.starts_with('{')) {
      const auto name = value_in(value_in(choice, "function"), "name");
      if (!says(value_in(choice, "type"), "function") || !detail::is_text(name))
        return to_.refuse("tool_choice", "has to name a function");
      (native = R"({"type":"tool","name":)") += name;
    } else if (!choice.empty() && !says(choice, "auto")) {
      return to_.refuse("tool_choice", "has to be auto, none, required, or an object");
    }
    if (!has_tools_ || (choice.empty() && parallel))
      return true;
    if (!parallel && !says(choice, "none"))
      native += R"(,"disable_parallel_tool_use":true)";
    forced_ = says(choice, "required") || choice.starts_with('{');
    to_.add("tool_choice") += native += '}';
    return true;
  }

  bool read_limit() {
    for (const std::string_view name : {"max_tokens", "max_completion_tokens"}) {
      const auto value = to_[name]; // the newer name counts, where both are there
      if (value.empty())
        continue;
      const auto number = detail::integer_of(value);
      if (!number || *number < 1)
        return to_.refuse(std::string{name}, "has to be a whole number from 1");
      limit_ = *number;
    }
    return true;
  }

  bool add_thinking() {
    if (const auto own = to_["thinking"]; own.starts_with('{')) {
      to_.add("thinking") += own; // in their own words
      thinks_ = !says(value_in(own, "type"), "disabled");
    }
    const auto reasoning = to_["reasoning"];
    std::string field = "reasoning_effort";
    auto effort = to_[field];
    if (effort.empty()) {
      effort = value_in(reasoning, "effort");
      field = "reasoning.effort";
    }
    if (effort.empty())
      return true;
    const auto* found =
        std::find_if(thinking_efforts.begin(), thinking_efforts.end(),
                     [&](const thinking_effort& one) { return says(effort, one.asked); });
    if (found == thinking_efforts.end())
      return to_.refuse(field, "has to be none, minimal, low, medium, high, xhigh or max");
    if (!to_["thinking"].empty())
      return true;
    if (found->native.empty())
      to_.add("thinking") += R"({"type":"disabled"})";
    else if (settings_.thinks_by_budget)
      add_budget(found->budget);
    else {
      to_.add("thinking") += R"({"type":"adaptive"})";
      effort_ = found->native;
      thinks_ = true;
    }
    return true;
  }

  /// It has to be less than the limit, of which it is a part. None is taken beside a tool that has
  /// to be called.
  void add_budget(std::int64_t budget) {
    if (limit_ <= least_budget || forced_) {
      to_.lose("reasoning_effort");
      return;
    }
    to_.add("thinking") += R"({"type":"enabled","budget_tokens":)" +
                           std::to_string(std::min(budget, limit_ - 1)) + '}';
    thinks_ = true;
  }

  bool add_format() {
    const auto wanted = to_["response_format"];
    const auto type = value_in(wanted, "type");
    std::string config;
    if (!effort_.empty())
      config = "\"effort\":\"" + std::string{effort_} + '"';
    if (says(type, "json_schema")) {
      const auto schema = value_in(value_in(wanted, "json_schema"), "schema");
      if (!schema.starts_with('{'))
        return to_.refuse("response_format.json_schema.schema", "has to be an object");
      (config += config.empty() ? "" : ",") += R"("format":{"type":"json_schema","schema":)";
      (config += schema) += '}';
    } else if (!wanted.empty() && !says(type, "text")) {
      return to_.refuse("response_format.type",
                        "has to be text or json_schema: this backend gives no other");
    }
    if (!config.empty())
      to_.add("output_config") += '{' + config + '}';
    return true;
  }

  bool add_rest() {
    if (!add_temperature() || !to_.copy_number("top_p", "top_p") ||
        !to_.copy_strings("stop", "stop_sequences", true))
      return false;
    if (thinks_ && !to_["top_k"].empty())
      to_.lose("top_k");
    else if (!to_.copy_integer("top_k", "top_k", -1))
      return false;
    const auto user = to_["user"];
    if (!user.empty() && !user.starts_with('"'))
      return to_.refuse("user", "has to be a string");
    if (!user.empty())
      ((to_.add("metadata") += "{\"user_id\":") += user) += '}';
    return true;
  }

  /// OpenAI's goes up to 2, theirs to 1; beside thinking there is none.
  bool add_temperature() {
    const auto value = to_["temperature"];
    if (value.empty())
      return true;
    const auto number = detail::number_of(value);
    if (!number || *number < 0)
      return to_.refuse("temperature", "has to be a number from 0");
    if (thinks_ || *number > 1)
      to_.lose("temperature");
    if (!thinks_)
      to_.add("temperature") += *number > 1 ? std::string_view{"1"} : value;
    return true;
  }

  draft to_;
  call_settings settings_;
  std::int64_t limit_ = settings_.max_tokens;
  std::string_view effort_;
  bool has_tools_ = false;
  bool forced_ = false; ///< a tool has to be called
  bool thinks_ = false;
};
} // namespace

made_or_unfit chat_request_to_messages(std::string_view body, const call_settings& settings) {
  return native_maker{body, settings}.make();
}

} // namespace synapse::http::anthropic
