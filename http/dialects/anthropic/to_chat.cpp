// A request of the Messages API, but for its messages, in the words of a chat.
#include "http/core/local_reply.hpp"
#include "http/dialects/anthropic/to_chat_messages.hpp"

#include <algorithm>
#include <set>

namespace synapse::http::anthropic {

namespace {
using detail::named_value;
using detail::says;
using detail::value_in;

/// What is looked at, and what changes nothing about an answer.
constexpr std::array<std::string_view, 23> messages_members{"model",
                                                            "max_tokens",
                                                            "messages",
                                                            "system",
                                                            "stream",
                                                            "temperature",
                                                            "top_p",
                                                            "top_k",
                                                            "tools",
                                                            "tool_choice",
                                                            "thinking",
                                                            "metadata",
                                                            "service_tier",
                                                            "output_config",
                                                            "output_format",
                                                            "container",
                                                            "mcp_servers",
                                                            "cache_control",
                                                            "synapse",
                                                            "stop_sequences",
                                                            "inference_geo",
                                                            "betas",
                                                            "anthropic_version"};

/// Tokens to think with, from which on an effort is called so (Anthropic's own words for them are
/// newer than its numbers).
constexpr std::int64_t medium_budget = 4096;
constexpr std::int64_t high_budget = 16384;
constexpr std::int64_t default_budget = 10000; // as llama.cpp has it

class chat_maker {
public:
  chat_maker(std::string_view body, const chat_form& form) : to_(body), form_(form) {}

  made_or_unfit make(bool to_count) {
    to_.lose_unknown(messages_members);
    to_.lose_said({"cache_control", "service_tier"});
    bool stream = false;
    const bool good = add_model() && refuse_servers_tools() && to_.read("stream", stream) &&
                      chat_message_writer{to_}.write() && add_tools() && add_tool_choice() &&
                      add_user() && add_thinking() && add_format() && (to_count || add_sampling());
    stream = stream && !to_count;
    if (good && stream)
      to_.add("stream") += R"(true,"stream_options":{"include_usage":true})";
    if (const auto own = to_["synapse"]; good && !own.empty())
      to_.add("synapse") += own;
    return to_.finish(stream, true);
  }

private:
  bool add_model() {
    const auto model = to_["model"];
    if (model.empty())
      return true; // whoever routes it says what is missing
    if (!model.starts_with('"'))
      return to_.refuse("model", "has to be a string");
    to_.add("model") += model;
    return true;
  }

  bool refuse_servers_tools() {
    for (const std::string_view name : {"container", "mcp_servers"})
      if (detail::is_said(to_[name]))
        return to_.refuse(std::string{name}, "is not what this backend can give");
    return true;
  }

  bool add_sampling() {
    return to_.copy_integer("max_tokens", "max_tokens", 1) &&
           to_.copy_number("temperature", "temperature") && to_.copy_number("top_p", "top_p") &&
           to_.copy_integer("top_k", "top_k", -1) &&
           to_.copy_strings("stop_sequences", "stop", false);
  }

  bool add_tools() {
    const auto tools = to_["tools"];
    if (!tools.empty() && !tools.starts_with('['))
      return to_.refuse("tools", "has to be a list");
    if (!detail::is_said(tools))
      return true;
    auto& out = to_.add("tools") += '[';
    std::size_t index = 0;
    if (!detail::each_of(tools, [&](auto one) { return add_tool(out, one, index++); }))
      return false;
    out += ']';
    return true;
  }

  bool add_tool(std::string& out, std::string_view tool, std::size_t index) {
    std::string_view type, name, description, schema, strict, cache, examples, deferred;
    detail::find_members(tool, std::array{named_value{"type", &type}, named_value{"name", &name},
                                          named_value{"description", &description},
                                          named_value{"input_schema", &schema},
                                          named_value{"strict", &strict},
                                          named_value{"cache_control", &cache},
                                          named_value{"input_examples", &examples},
                                          named_value{"defer_loading", &deferred}});
    const auto place = detail::indexed("tools", index);
    if (!type.empty() && !says(type, "custom"))
      return to_.refuse(place + ".type", "has to be custom: this backend has no tools of its own");
    if (!detail::is_text(name))
      return to_.refuse(place + ".name", "has to be a string that is not empty");
    if (!description.empty() && !description.starts_with('"'))
      return to_.refuse(place + ".description", "has to be a string");
    if (!schema.starts_with('{'))
      return to_.refuse(place + ".input_schema", "has to be an object");
    if (detail::is_said(cache))
      to_.lose("cache_control");
    if (detail::is_said(examples))
      to_.lose("input_examples");
    if (detail::is_said(deferred))
      to_.lose("defer_loading");
    tools_.emplace(plain_text(name, scratch_));
    out += index > 0 ? "," : "";
    (out += R"({"type":"function","function":{"name":)") += name;
    if (!description.empty())
      (out += ",\"description\":") += description;
    (out += ",\"parameters\":") += schema;
    if (strict == "true" || strict == "false")
      (out += ",\"strict\":") += strict;
    out += "}}";
    return true;
  }

  bool add_tool_choice() {
    const auto choice = to_["tool_choice"];
    if (choice.empty())
      return true;
    std::string_view type, name, alone;
    detail::find_members(choice, std::array{named_value{"type", &type}, named_value{"name", &name},
                                            named_value{"disable_parallel_tool_use", &alone}});
    const bool named = says(type, "tool");
    const bool any = says(type, "any");
    if (!named && !any && !says(type, "auto") && !says(type, "none"))
      return to_.refuse("tool_choice.type", "has to be auto, any, tool or none");
    if (!alone.empty() && alone != "true" && alone != "false")
      return to_.refuse("tool_choice.disable_parallel_tool_use", "has to be true or false");
    if (named && (!detail::is_text(name) || !tools_.contains(plain_text(name, scratch_))))
      return to_.refuse("tool_choice.name", "has to be the name of one of the tools");
    if (any && tools_.empty())
      return to_.refuse("tool_choice.type", "cannot be any without tools");
    if (tools_.empty())
      return true; // OpenAI's servers want no choice among nothing
    auto& out = to_.add("tool_choice");
    if (named)
      ((out += R"({"type":"function","function":{"name":)") += name) += "}}";
    else
      out += any ? "\"required\"" : says(type, "auto") ? "\"auto\"" : "\"none\"";
    if (alone == "true")
      to_.add("parallel_tool_calls") += "false";
    return true;
  }

  bool add_user() {
    const auto metadata = to_["metadata"];
    if (!metadata.empty() && !metadata.starts_with('{'))
      return to_.refuse("metadata", "has to be an object");
    const auto user = value_in(metadata, "user_id");
    if (!user.empty() && !user.starts_with('"'))
      return to_.refuse("metadata.user_id", "has to be a string");
    if (!user.empty())
      to_.add("user") += user;
    return true;
  }

  bool add_thinking() {
    const auto effort = value_in(to_["output_config"], "effort");
    if (!effort.empty() && !add_effort(effort))
      return false;
    const auto thinking = to_["thinking"];
    if (thinking.empty())
      return true;
    const auto type = value_in(thinking, "type");
    const auto budget = value_in(thinking, "budget_tokens");
    const bool enabled = says(type, "enabled");
    if (!enabled && !says(type, "disabled") && !says(type, "adaptive"))
      return to_.refuse("thinking.type", "has to be enabled, adaptive or disabled");
    const auto tokens = budget.empty() ? default_budget : detail::integer_of(budget).value_or(0);
    if (enabled && tokens < 1)
      return to_.refuse("thinking.budget_tokens", "has to be a whole number from 1");
    if (enabled && effort.empty()) {
      to_.add("reasoning_effort") += tokens >= high_budget     ? "\"high\""
                                     : tokens >= medium_budget ? "\"medium\""
                                                               : "\"low\"";
      to_.lose("thinking.budget_tokens");
    }
    if (form_.template_hints)
      to_.add("chat_template_kwargs") +=
          says(type, "disabled") ? R"({"enable_thinking":false})" : R"({"enable_thinking":true})";
    else if (says(type, "disabled"))
      to_.lose("thinking");
    return true;
  }

  /// What is more than high, few servers know.
  bool add_effort(std::string_view effort) {
    const bool more = says(effort, "xhigh") || says(effort, "max");
    if (!more && !says(effort, "low") && !says(effort, "medium") && !says(effort, "high"))
      return to_.refuse("output_config.effort", "has to be low, medium, high, xhigh or max");
    to_.add("reasoning_effort") += more ? std::string_view{"\"high\""} : effort;
    if (more)
      to_.lose("output_config.effort");
    return true;
  }

  bool add_format() {
    const auto config = to_["output_config"];
    if (!config.empty() && !config.starts_with('{'))
      return to_.refuse("output_config", "has to be an object");
    if (detail::is_said(value_in(config, "task_budget")))
      to_.lose("output_config.task_budget");
    auto format = value_in(config, "format");
    const std::string field = format.empty() ? "output_format" : "output_config.format";
    if (format.empty())
      format = to_["output_format"]; // where it was before
    if (format.empty())
      return true;
    if (!says(value_in(format, "type"), "json_schema"))
      return to_.refuse(field + ".type", "has to be json_schema");
    const auto schema = value_in(format, "schema");
    if (!schema.starts_with('{'))
      return to_.refuse(field + ".schema", "has to be an object");
    to_.add("response_format") +=
        R"({"type":"json_schema","json_schema":{"name":"answer","schema":)" + std::string{schema} +
        R"(,"strict":true}})";
    return true;
  }

  draft to_;
  chat_form form_;
  std::set<std::string, std::less<>> tools_; ///< their names
  std::string scratch_;
};
} // namespace

made_or_unfit messages_request_to_chat(std::string_view body, const chat_form& form) {
  return chat_maker{body, form}.make(false);
}

made_or_unfit count_request_to_chat(std::string_view body, const chat_form& form) {
  return chat_maker{body, form}.make(true);
}

} // namespace synapse::http::anthropic
