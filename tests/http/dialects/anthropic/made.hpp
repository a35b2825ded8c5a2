/// @file
/// What becomes of requests and of streams, as JSON to be compared.
#pragma once

#include "http/core/json/json_body.hpp"
#include "http/dialects/anthropic/answer_words.hpp"
#include "http/dialects/anthropic/request.hpp"
#include "tests/http/dialects/translated.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace synapse::http::anthropic {

using json = nlohmann::json;
using maker = std::function<made_or_unfit(std::string_view)>;

inline const call_settings native_settings{"claude-x", 4096, false};
inline made_or_unfit to_chat(std::string_view body) {
  return messages_request_to_chat(body);
}
inline made_or_unfit to_messages(std::string_view body) {
  return chat_request_to_messages(body, native_settings);
}

/// The request that a body becomes; a failure of the test when it is refused.
inline made_request made_of(const maker& make, const std::string& body) {
  EXPECT_TRUE(inspect_json(body).ok()) << body;
  auto made = make(body);
  if (auto* good = std::get_if<made_request>(&made)) {
    EXPECT_TRUE(json::accept(good->body)) << good->body;
    return std::move(*good);
  }
  ADD_FAILURE() << std::get<unfit>(made).field << ' ' << std::get<unfit>(made).message << ": "
                << body;
  return {};
}
inline json json_of(const maker& make, const std::string& body) {
  return json::parse(made_of(make, body).body, nullptr, false);
}
/// The field for which a body is refused; empty: it is not.
inline std::string refused_field(const maker& make, const std::string& body) {
  EXPECT_TRUE(inspect_json(body).ok()) << body;
  const auto made = make(body);
  const auto* why = std::get_if<unfit>(&made);
  EXPECT_TRUE(why == nullptr || (!why->field.empty() && !why->message.empty())) << body;
  return why == nullptr ? std::string{} : why->field;
}
/// In the order of the alphabet.
inline std::vector<std::string_view> lost_by(const maker& make, const std::string& body) {
  auto lossy = made_of(make, body).lossy;
  std::sort(lossy.begin(), lossy.end());
  return lossy;
}

/// A request of one message with some further members, such as `"top_k":1`.
inline std::string with(const std::string& members) {
  return std::string{R"({"messages":[{"role":"user","content":"Hi"}])"} +
         (members.empty() ? "" : ",") + members + "}";
}
/// A request of these messages.
inline std::string of(const std::string& messages) {
  return R"({"messages":[)" + messages + "]}";
}

inline constexpr std::string_view events_type = "Content-Type: text/event-stream\r\n";
inline constexpr std::size_t roomy = 1 << 20;

/// An event of OpenAI's.
inline std::string chunk(const std::string& delta, const std::string& finish = "null") {
  return R"(data: {"id":"chatcmpl-1","created":1,"model":"m","choices":[{"index":0,"delta":)" +
         delta + R"(,"finish_reason":)" + finish + "}]}\n\n";
}
/// An event of Anthropic's: its data, which says its type.
inline std::string event(const std::string& data) {
  const auto type = json::parse(data)["type"].get<std::string>();
  return "event: " + type + "\ndata: " + data + "\n\n";
}

/// The data of Anthropic's events; each has the name that it says itself.
inline std::vector<json> named_events_of(const std::string& text) {
  std::vector<json> found;
  for (std::size_t at = 0; at < text.size();) {
    const auto line = text.find('\n', at);
    const auto end = text.find("\n\n", at);
    EXPECT_EQ(text.substr(at, 7), "event: ");
    EXPECT_NE(end, std::string::npos) << text;
    if (end == std::string::npos || text.substr(line + 1, 6) != "data: ") {
      ADD_FAILURE() << text.substr(at);
      break;
    }
    found.push_back(json::parse(text.substr(line + 7, end - line - 7), nullptr, false));
    EXPECT_EQ(found.back().value("type", ""), text.substr(at + 7, line - at - 7));
    at = end + 2;
  }
  return found;
}

/// A stream of events put together as a client does it. What is out of order is a failure.
struct assembled {
  json message = json::object();
  bool complete = false;
  json error;
  int pings = 0;
};
inline assembled assemble(const std::string& text) {
  assembled all;
  bool open = false;
  std::string arguments;
  for (const auto& one : named_events_of(text)) {
    const auto type = one.value("type", "");
    EXPECT_FALSE(all.complete) << "behind its end: " << one;
    auto& content = all.message["content"];
    if (type == "message_start") {
      all.message = one["message"];
    } else if (type == "content_block_start") {
      EXPECT_FALSE(std::exchange(open, true)) << text;
      EXPECT_EQ(one["index"], content.size());
      content.push_back(one["content_block"]);
      arguments.clear();
    } else if (type == "content_block_delta") {
      EXPECT_TRUE(open && one["index"] == content.size() - 1) << one;
      auto& block = content.back();
      const auto& delta = one["delta"];
      if (delta["type"] == "text_delta")
        block["text"] = block["text"].get<std::string>() + delta["text"].get<std::string>();
      else if (delta["type"] == "thinking_delta")
        block["thinking"] =
            block["thinking"].get<std::string>() + delta["thinking"].get<std::string>();
      else
        arguments += delta["partial_json"].get<std::string>();
    } else if (type == "content_block_stop") {
      EXPECT_TRUE(std::exchange(open, false)) << text;
      if (!arguments.empty())
        content.back()["input"] = json::parse(arguments, nullptr, false);
    } else if (type == "message_delta") {
      EXPECT_FALSE(open) << text;
      all.message.update(one["delta"]);
      all.message["usage"] = one["usage"];
    } else if (type == "message_stop") {
      EXPECT_TRUE(all.message.contains("id") && !open) << text;
      all.complete = true;
    } else if (type == "ping") {
      ++all.pings;
    } else if (type == "error") {
      all.error = one["error"];
    } else {
      ADD_FAILURE() << "an event of no known type: " << one;
    }
  }
  return all;
}

/// The chunks of a stream of OpenAI's put together.
inline json joined_chunks(const std::string& text) {
  json all{{"content", ""}, {"reasoning_content", ""}, {"calls", json::array()}};
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find("\n\n", at);
    EXPECT_NE(end, std::string::npos) << text;
    if (end == std::string::npos)
      break;
    const auto raw = text.substr(at, end - at);
    at = end + 2;
    if (raw.starts_with(':')) {
      all["comments"] = all.value("comments", 0) + 1;
      continue;
    }
    EXPECT_TRUE(raw.starts_with("data: ") && !all.contains("done")) << raw;
    if (raw == "data: [DONE]") {
      all["done"] = true;
      continue;
    }
    const auto one = json::parse(raw.substr(6), nullptr, false);
    if (one.contains("error")) {
      all["error"] = one["error"];
      continue;
    }
    EXPECT_EQ(one["object"], "chat.completion.chunk") << raw;
    if (one["choices"].empty()) {
      all["usage"] = one["usage"];
      continue;
    }
    const auto& choice = one["choices"][0];
    for (const auto* name : {"content", "reasoning_content"})
      if (choice["delta"].contains(name))
        all[name] = all[name].get<std::string>() + choice["delta"][name].get<std::string>();
    for (const auto& call : choice["delta"].value("tool_calls", json::array())) {
      auto& calls = all["calls"];
      const auto index = call["index"].get<std::size_t>();
      EXPECT_LE(index, calls.size());
      if (index == calls.size())
        calls.push_back(
            {{"id", call["id"]}, {"name", call["function"]["name"]}, {"arguments", ""}});
      calls[index]["arguments"] = calls[index]["arguments"].get<std::string>() +
                                  call["function"]["arguments"].get<std::string>();
    }
    if (!choice["finish_reason"].is_null())
      all["finish"] = choice["finish_reason"];
  }
  return all;
}

} // namespace synapse::http::anthropic
